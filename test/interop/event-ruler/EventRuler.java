import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;

/**
 * Asks event-ruler. Reads lines {"pattern": …, "events": […]} and writes for each {"refused": why} or
 * {"matches": [true, false, …]}.
 */
public final class EventRuler {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode question = json.readTree(line);
      ObjectNode answer = json.createObjectNode();
      String pattern = json.writeValueAsString(question.get("pattern"));
      String refusal = JsonRuleCompiler.check(pattern);
      if (refusal == null) {
        Machine machine = Machine.builder().build();
        machine.addRule("rule", pattern);
        ArrayNode matches = answer.putArray("matches");
        for (JsonNode event : question.get("events")) {
          matches.add(!machine.rulesForJSONEvent(json.writeValueAsString(event)).isEmpty());
        }
      } else {
        answer.put("refused", refusal);
      }
      out.println(json.writeValueAsString(answer));
    }
    out.flush();
  }
}
