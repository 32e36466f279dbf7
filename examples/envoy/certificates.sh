#!/bin/sh
# certificates.sh FOLDER SPIFFE-ID: a certificate with this identity, its key, and the authority that signed it.
#
# For trying things out. Where it matters, SPIRE with spiffe-helper writes the same three files and renews them; Envoy
# reads them anew by itself.
set -eu
folder=$1 id=$2
if [ ! -e authority.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /O=cluster.local \
    -keyout authority.key -out authority.pem 2> /dev/null
fi
mkdir -p "$folder"
printf '%s\n' "subjectAltName = critical, URI:$id" 'basicConstraints = critical, CA:FALSE' \
  'keyUsage = critical, digitalSignature' 'extendedKeyUsage = serverAuth, clientAuth' > "$folder/svid.cnf"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / \
  -keyout "$folder/svid_key.pem" -out "$folder/svid.csr" 2> /dev/null
openssl x509 -req -days 1 -in "$folder/svid.csr" -CA authority.pem -CAkey authority.key -CAcreateserial \
  -extfile "$folder/svid.cnf" -out "$folder/svid.pem" 2> /dev/null
cp authority.pem "$folder/svid_bundle.pem"
rm "$folder/svid.csr" "$folder/svid.cnf"
