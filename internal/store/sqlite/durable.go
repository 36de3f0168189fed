package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"

	"github.com/glueguard/glueguard/internal/store"
)

// synchronousFull is what SQLite answers when each commit is on the disk before it returns.
const synchronousFull = 2

// durableConnector makes the connections that journals are written through, and reads back from each that SQLite took
// the setting on which every repair rests: a pragma that it does not know or a misspelt one passes in silence.
type durableConnector struct {
	driver driver.Driver
	dsn    string
}

// openDurable opens one connection at a time: writers queue here, in order, and not inside SQLite, where they poll.
func openDurable(dsn string) *sql.DB {
	db := sql.OpenDB(durableConnector{driver: &sqlite.Driver{}, dsn: dsn})
	db.SetMaxOpenConns(1)
	return db
}

// Driver implements driver.Connector.
func (c durableConnector) Driver() driver.Driver { return c.driver }

// Connect implements driver.Connector.
func (c durableConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	level, err := pragma(ctx, conn, "synchronous")
	if err == nil && level < synchronousFull {
		err = fmt.Errorf("%w: PRAGMA synchronous is %d", store.ErrNotDurable, level)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func pragma(ctx context.Context, conn driver.Conn, name string) (int64, error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return 0, fmt.Errorf("%w: PRAGMA %s can't be read", store.ErrNotDurable, name)
	}
	rows, err := q.QueryContext(ctx, "PRAGMA "+name, nil)
	if err != nil {
		return 0, fmt.Errorf("read PRAGMA %s: %w", name, err)
	}
	values := make([]driver.Value, len(rows.Columns()))
	err = errors.Join(rows.Next(values), rows.Close())
	if err != nil {
		return 0, fmt.Errorf("read PRAGMA %s: %w", name, err)
	}
	n, ok := values[0].(int64)
	if !ok {
		return 0, fmt.Errorf("%w: PRAGMA %s is %v", store.ErrNotDurable, name, values[0])
	}
	return n, nil
}
