package change

import "strings"

// Lost tells whether a difference says that the resource itself does not stand as it did: it is gone or going, does not
// work, or is another one under the same name.
func (d Difference) Lost() bool {
	return d.Attribute == "status" || d.Attribute == "created_at" || d.Attribute == "id"
}

// Gone tells whether a difference says that the resource is gone or going, or that another one has its name.
func (d Difference) Gone() bool {
	switch d.Got {
	case "gone", "TERMINATING", "TERMINATED", "DELETING":
		return d.Attribute == "status"
	}
	return d.Attribute == "created_at" || d.Attribute == "id"
}

// Encryption tells whether a difference is one of the encryption, or of what it rests on.
func (d Difference) Encryption() bool {
	return strings.Contains(d.Attribute, "encryption") || strings.Contains(d.Attribute, "security_configuration")
}
