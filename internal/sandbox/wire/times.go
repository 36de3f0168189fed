package wire

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// The timestamp formats of the service models.
const (
	formatUnix = "unixTimestamp"
	formatISO  = "iso8601"
	formatRFC  = "rfc822"
)

// timeOf reads a time without boxing it when the value is addressable.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

// appendUnix appends seconds since 1970 with as many of three decimals as needed.
func appendUnix(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms < 0 {
		return strconv.AppendFloat(b, float64(ms)/1e3, 'f', -1, 64)
	}
	b = strconv.AppendInt(b, ms/1e3, 10)
	if rest := ms % 1e3; rest != 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}

func appendTime(b []byte, t time.Time, format string) []byte {
	switch format {
	case formatUnix:
		return appendUnix(b, t)
	case formatRFC:
		return t.UTC().AppendFormat(b, http.TimeFormat)
	}
	if t.UnixMilli()%1e3 == 0 {
		return t.UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
	}
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
}

// parseTime reads a time written as text, in any of the formats that AWS accepts.
func parseTime(s string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return unixTime(seconds)
	}
	for _, layout := range []string{time.RFC3339Nano, http.TimeFormat, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

// unixTime takes seconds since 1970, to the millisecond, within the years 1 to 9999.
func unixTime(seconds float64) (time.Time, error) {
	if math.IsNaN(seconds) || seconds < -62135596800 || seconds > 253402300799 {
		return time.Time{}, fmt.Errorf("%v is not a time", seconds)
	}
	return time.UnixMilli(int64(math.Round(seconds * 1e3))).UTC(), nil
}
