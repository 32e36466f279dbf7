//go:build tools

package main

import _ "google.golang.org/protobuf/cmd/protoc-gen-go" // writes the package pb when this is built
