#!/bin/sh
# Makes the certificates of this folder anew. They are for loopback tests only and are valid for a hundred years,
# so that the tests need neither openssl nor a clock; expired.pem ended in 2001.
set -eu
cd "$(dirname "$0")"
rm -rf tmp && mkdir tmp && : > tmp/index && echo 01 > tmp/serial
cat > tmp/ca.cnf <<'C'
[ca]
default_ca = it
[it]
dir = tmp
database = tmp/index
serial = tmp/serial
new_certs_dir = tmp
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
C
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
leaf() { # name subject alternative-names start end
  key "tmp/$1.key"
  openssl req -new -config tmp/ca.cnf -key "tmp/$1.key" -subj "/CN=$2" -addext "subjectAltName=$3" -out "tmp/$1.csr"
  openssl ca -batch -notext -config tmp/ca.cnf -cert ca.pem -keyfile tmp/ca.key -extensions leaf \
    -startdate "$4" -enddate "$5" -in "tmp/$1.csr" -out "tmp/$1.crt"
  cat "tmp/$1.crt" "tmp/$1.key" > "$1.pem"
}
key tmp/ca.key
openssl req -new -config tmp/ca.cnf -key tmp/ca.key -subj "/CN=wire test authority" -out tmp/ca.csr
openssl ca -batch -notext -config tmp/ca.cnf -selfsign -keyfile tmp/ca.key -extensions v3_ca \
  -startdate 20000101000000Z -enddate 21200101000000Z -in tmp/ca.csr -out ca.pem
leaf server localhost "DNS:localhost,IP:127.0.0.1" 20200101000000Z 21200101000000Z
leaf other backend.example "DNS:backend.example" 20200101000000Z 21200101000000Z
leaf expired localhost "DNS:localhost,IP:127.0.0.1" 20000101000000Z 20010101000000Z
leaf client adapter "DNS:adapter.example" 20200101000000Z 21200101000000Z
cp tmp/client.crt client-certificate.pem
openssl ec -in tmp/client.key -aes128 -passout pass:secret -out client-key-encrypted.pem
chmod 644 ./*.pem
rm -rf tmp
