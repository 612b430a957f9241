module slipway/rehearsal/vcenter

go 1.25.0

require (
	github.com/google/uuid v1.6.0
	github.com/vmware/govmomi v0.54.1
	go.yaml.in/yaml/v3 v3.0.6
)

require golang.org/x/text v0.34.0 // indirect
