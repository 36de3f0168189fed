package api

import (
	"io"
	"mime"
	"net/http"
)

// file is an answer that is written as it is read, and never held whole.
type file struct {
	kind  string // content type
	name  string // that a browser saves it under; empty: it is shown
	write func(io.Writer) error
}

func writes(content []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}
}

func (f file) visit(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", f.kind)
	if f.name != "" {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	}
	return f.write(w)
}

// VisitGetDocumentResponse implements openapi.GetDocumentResponseObject.
func (f file) VisitGetDocumentResponse(w http.ResponseWriter) error { return f.visit(w) }

// VisitExportFindingsResponse implements openapi.ExportFindingsResponseObject.
func (f file) VisitExportFindingsResponse(w http.ResponseWriter) error { return f.visit(w) }

// VisitExportReportResponse implements openapi.ExportReportResponseObject.
func (f file) VisitExportReportResponse(w http.ResponseWriter) error { return f.visit(w) }

// VisitExportEvidenceResponse implements openapi.ExportEvidenceResponseObject.
func (f file) VisitExportEvidenceResponse(w http.ResponseWriter) error { return f.visit(w) }
