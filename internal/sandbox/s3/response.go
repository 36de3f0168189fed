package s3

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// response gives gofakes3's answers the headers that S3's have.
type response struct {
	http.ResponseWriter
	requestID string
	head      bool
	started   bool
}

// WriteHeader starts the response.
func (w *response) WriteHeader(status int) {
	if w.started {
		return
	}
	w.started = true
	h := w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			h.Del(name)
		}
	}
	h.Set("X-Amz-Request-Id", w.requestID)
	h.Set("X-Amz-Id-2", hexSHA256([]byte(w.requestID)))
	h.Set("Server", "AmazonS3")
	if status >= http.StatusMultipleChoices && status != http.StatusNotModified && !w.head {
		h.Set("Content-Type", "application/xml")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write writes a part of the body.
func (w *response) Write(p []byte) (int, error) {
	if !w.started {
		if strings.HasPrefix(string(p), "<?xml") {
			w.Header().Set("Content-Type", "application/xml")
		}
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// xml answers with a document.
func (x *exchange) xml(doc any) {
	text, err := xml.Marshal(doc)
	if err != nil { // the documents are structs of strings
		x.fail(&service.Error{Code: "InternalError", Message: err.Error(), Status: http.StatusInternalServerError})
		return
	}
	x.w.Header().Set("Content-Type", "application/xml")
	x.w.WriteHeader(http.StatusOK)
	x.w.Write(append([]byte(xml.Header), text...)) //nolint:errcheck // the client went away
}

// fail answers with an error. Answers to HEAD have no body.
func (x *exchange) fail(e *service.Error) {
	type document struct {
		XMLName    xml.Name `xml:"Error"`
		Code       string
		Message    string
		BucketName string `xml:",omitempty"`
		Key        string `xml:",omitempty"`
		RequestID  string `xml:"RequestId"`
		HostID     string `xml:"HostId"`
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	text, err := xml.Marshal(document{Code: e.Code, Message: e.Message, BucketName: x.name, Key: x.key, RequestID: x.call.RequestID, HostID: hexSHA256([]byte(x.call.RequestID))})
	if err != nil { // the document is made of strings
		text = nil
	}
	x.w.Header().Set("Content-Type", "application/xml")
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		x.w.Write(append([]byte(xml.Header), text...)) //nolint:errcheck // the client went away
	}
}
