package glue

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// labels are what a transform was taught: the body of a label file, whose first columns are labeling_set_id and label
// and whose others are the columns of the transform's table.
type labels struct {
	header []string
	body   []byte // CSV without the header
	count  int32
}

// parseLabels reads a label file. Rows without a label, as a labeling task run writes them for people to fill in, teach
// nothing and are not counted.
func parseLabels(file []byte, columns []types.SchemaColumn, key string) (labels, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))))
	header, err := r.Read()
	if err != nil {
		return labels{}, fmt.Errorf("label file cannot be read: %w", err)
	}
	if err := checkHeader(header, columns, key); err != nil {
		return labels{}, err
	}
	var body bytes.Buffer
	l := labels{header: header}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return labels{}, fmt.Errorf("label file cannot be read: %w", err)
		}
		if strings.TrimSpace(record[1]) == "" {
			continue
		}
		l.count++
		body.Write(csvLine(record))
	}
	l.body = body.Bytes()
	return l, nil
}

// checkHeader wants the two label columns and the table's; of a table that was not seeded only the key is known.
func checkHeader(header []string, columns []types.SchemaColumn, key string) error {
	if len(header) < 3 || header[0] != "labeling_set_id" || header[1] != "label" {
		return errors.New("label file must start with the columns labeling_set_id and label")
	}
	for _, c := range columns {
		if !slices.Contains(header[2:], deref(c.Name)) {
			return fmt.Errorf("label file lacks column %s", deref(c.Name))
		}
	}
	if len(columns) > 1 && len(header) != len(columns)+2 {
		return errors.New("label file has columns that the transform's table lacks")
	}
	if key != "" && !slices.Contains(header[2:], key) {
		return fmt.Errorf("label file lacks primary key column %s", key)
	}
	return nil
}

// plus returns the labels with others behind them, or the others alone when they replace these.
func (l labels) plus(other labels, replace bool) (labels, error) {
	switch {
	case replace || l.count == 0:
		return other, nil
	case !slices.Equal(l.header, other.header):
		return labels{}, errors.New("label file has other columns than the labels that the transform has")
	}
	return labels{header: l.header, body: slices.Concat(l.body, other.body), count: l.count + other.count}, nil
}

// sum tells labels apart.
func (l labels) sum() uint32 { return crc32.ChecksumIEEE(l.body) }

// file is the label file as an export writes it; importing it again teaches exactly the same.
func (l labels) file() []byte {
	return slices.Concat(csvLine(l.header), l.body)
}

func csvLine(fields []string) []byte {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	_ = w.Write(fields) // a bytes.Buffer takes everything
	w.Flush()
	return line.Bytes()
}

// invented makes the labels of a transform that was seeded with a count alone.
func invented(v *types.MLTransform) labels {
	l := labels{header: labelHeader(v.Schema), count: v.LabelCount}
	var body bytes.Buffer
	for i := range int(v.LabelCount) {
		fmt.Fprintf(&body, "set-%d,%d", i/5, i%2)
		for range l.header[2:] {
			body.WriteString("," + strconv.Itoa(i))
		}
		body.WriteByte('\n')
	}
	l.body = body.Bytes()
	return l
}

func labelHeader(columns []types.SchemaColumn) []string {
	header := []string{"labeling_set_id", "label"}
	for _, c := range columns {
		header = append(header, deref(c.Name))
	}
	return header
}

// unlabeled is the file that a labeling task run writes: pairs of records for people to label.
func unlabeled(v *types.MLTransform) []byte {
	header := labelHeader(v.Schema)
	file := bytes.NewBuffer(csvLine(header))
	for i := range 10 {
		fmt.Fprintf(file, "%s-%d,", deref(v.TransformId), i/2)
		for range header[2:] {
			fmt.Fprintf(file, ",%d", i)
		}
		file.WriteByte('\n')
	}
	return file.Bytes()
}
