package s3

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // one of the checksums that S3 clients send
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// maxBody is the largest body taken, in bytes: objects live in memory.
const maxBody = 256 << 20

// errBody says that a body is not what its headers say.
var errBody = errors.New("malformed body")

// unwrap replaces the request's body with the object's bytes: without the chunks that aws-chunked puts around them,
// and compared with the checksums that came in headers or trailers.
func unwrap(r *http.Request) *service.Error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return &service.Error{Code: "IncompleteBody", Message: "The request body terminated unexpectedly", Status: http.StatusBadRequest}
	}
	if len(body) > maxBody {
		return &service.Error{Code: "EntityTooLarge", Message: "Your proposed upload exceeds the maximum allowed size", Status: http.StatusBadRequest}
	}
	sums := r.Header
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		var trailers http.Header
		if body, trailers, err = dechunk(body); err != nil {
			return &service.Error{Code: "IncompleteBody", Message: "The request body is not aws-chunked", Status: http.StatusBadRequest}
		}
		if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != "" && want != strconv.Itoa(len(body)) {
			return &service.Error{Code: "IncompleteBody", Message: "You did not provide the number of bytes specified by the x-amz-decoded-content-length header", Status: http.StatusBadRequest}
		}
		sums = r.Header.Clone()
		for name, values := range trailers {
			sums[name] = values
		}
	} else if want := r.Header.Get("X-Amz-Content-Sha256"); len(want) == 64 && want != hexSHA256(body) {
		return &service.Error{Code: "XAmzContentSHA256Mismatch", Message: "The provided 'x-amz-content-sha256' header does not match what was computed.", Status: http.StatusBadRequest}
	}
	if refused := compare(body, sums); refused != nil {
		return refused
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	for _, name := range []string{"X-Amz-Content-Sha256", "X-Amz-Decoded-Content-Length", "X-Amz-Trailer"} {
		r.Header.Del(name)
	}
	plainEncoding(r.Header)
	return nil
}

// plainEncoding takes aws-chunked, which is no property of the object, out of Content-Encoding.
func plainEncoding(h http.Header) {
	var left []string
	for part := range strings.SplitSeq(h.Get("Content-Encoding"), ",") {
		if part = strings.TrimSpace(part); part != "" && part != "aws-chunked" {
			left = append(left, part)
		}
	}
	h.Del("Content-Encoding")
	if len(left) > 0 {
		h.Set("Content-Encoding", strings.Join(left, ","))
	}
}

// dechunk takes an aws-chunked body apart: chunks of "size-in-hex[;chunk-signature=…]", then trailers.
// Source: S3 API reference, "Signature calculations: transferring payload in multiple chunks".
func dechunk(body []byte) (out []byte, trailers http.Header, err error) {
	in := bufio.NewReader(bytes.NewReader(body))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, nil, errBody
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		size, err := strconv.ParseInt(digits, 16, 32)
		if err != nil || size < 0 || size > int64(len(body)) {
			return nil, nil, errBody
		}
		if size == 0 {
			return out, readTrailers(in), nil
		}
		chunk := make([]byte, size)
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, nil, errBody
		}
		out = append(out, chunk...)
		if _, err := in.Discard(len("\r\n")); err != nil {
			return nil, nil, errBody
		}
	}
}

func readTrailers(in *bufio.Reader) http.Header {
	trailers := http.Header{}
	for {
		line, err := in.ReadString('\n')
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			trailers.Set(name, strings.TrimSpace(value))
		}
		if err != nil {
			return trailers
		}
	}
}

// checksums are the algorithms of x-amz-checksum-… headers.
func checksums() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{
		"X-Amz-Checksum-Crc32":     func() hash.Hash { return crc32.NewIEEE() },
		"X-Amz-Checksum-Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
		"X-Amz-Checksum-Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
		"X-Amz-Checksum-Sha1":      sha1.New,
		"X-Amz-Checksum-Sha256":    sha256.New,
	}
}

func compare(body []byte, headers http.Header) *service.Error {
	for name, algorithm := range checksums() {
		want := headers.Get(name)
		if want == "" {
			continue
		}
		h := algorithm()
		h.Write(body) // a hash never fails to write
		if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
			kind := strings.ToUpper(strings.TrimPrefix(name, "X-Amz-Checksum-"))
			return &service.Error{Code: "BadDigest", Message: "The " + kind + " you specified did not match the calculated checksum.", Status: http.StatusBadRequest}
		}
	}
	return nil
}
