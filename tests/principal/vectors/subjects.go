// Reads certificates, one a line in hex, and prints for each what Go makes of its subject, as a line of JSON.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

type answer struct {
	Subject    string `json:"subject"`
	CommonName string `json:"commonName"`
	Refused    string `json:"refused,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		der, err := hex.DecodeString(lines.Text())
		if err != nil {
			panic(err)
		}
		said := answer{}
		if certificate, err := x509.ParseCertificate(der); err != nil {
			said.Refused = err.Error()
		} else {
			said.Subject, said.CommonName = certificate.Subject.String(), certificate.Subject.CommonName
		}
		line, err := json.Marshal(said)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
