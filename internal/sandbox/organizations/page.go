package organizations

import (
	"encoding/base64"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const largestPage = 20

// page cuts a list that only grows at its end.
func page[T any](all []T, token *string, size *int32) (cut []T, next *string, err *service.Error) {
	length := largestPage
	if size != nil {
		length = int(*size)
	}
	if length < 1 || length > largestPage {
		return nil, nil, service.Errorf("InvalidInputException", "You provided a value for MaxResults that is out of range.")
	}
	start := 0
	if aws.ToString(token) != "" {
		text, bad := base64.RawURLEncoding.DecodeString(*token)
		if bad == nil {
			start, bad = strconv.Atoi(string(text))
		}
		if bad != nil || start < 0 || start > len(all) {
			return nil, nil, service.Errorf("InvalidInputException", "You specified an invalid value for nextToken. You must get the value from the response to a previous call to the API.")
		}
	}
	end := min(start+length, len(all))
	if end < len(all) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end))))
	}
	return all[start:end], next, nil
}
