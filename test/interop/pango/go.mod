module interop

go 1.19

require github.com/PaloAltoNetworks/pango v0.10.2
