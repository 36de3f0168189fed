package change

import "strings"

// Lost tells whether a difference says that the resource itself does not stand as it did: it is gone or going, does not
// work, or is another one under the same name.
func (d Difference) Lost() bool {
	return d.Attribute == "status" || d.Attribute == "created_at" || d.Attribute == "id"
}

// Encryption tells whether a difference is one of the encryption, or of what it rests on.
func (d Difference) Encryption() bool {
	return strings.Contains(d.Attribute, "encryption") || strings.Contains(d.Attribute, "security_configuration")
}
