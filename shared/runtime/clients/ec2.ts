import { EC2Client } from '@aws-sdk/client-ec2';
import { createEc2Reads, type Ec2Reads } from '../../aws/ec2/ec2.ts';
import { type Surroundings, sdkClient } from '../surroundings.ts';

/** EC2, apart from the other parts: its SDK client is the biggest, and only steps that read EC2 carry it. */
export const ec2Part = (surroundings: Surroundings): Ec2Reads =>
  createEc2Reads(sdkClient(surroundings, 'ec2', EC2Client));
