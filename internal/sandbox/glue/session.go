package glue

import (
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// session is an interactive session.
type session struct {
	view types.Session
	tags map[string]string // nil: never had any
	due  time.Time         // when PROVISIONING or STOPPING ends; zero: the state stays
}

func (s *session) step(now time.Time) {
	if s.due.IsZero() || now.Before(s.due) {
		return
	}
	at := s.due
	s.due = time.Time{}
	if s.view.Status == types.SessionStatusStopping {
		s.view.Status, s.view.CompletedOn = types.SessionStatusStopped, &at
		return
	}
	s.view.Status = types.SessionStatusReady
}

func (g *Glue) createSession(c *service.Call, in *awsglue.CreateSessionInput) (*awsglue.CreateSessionOutput, error) {
	if err := checkSession(in); err != nil {
		return nil, err
	}
	if err := g.mayCreate(c, in.Role, in.Tags, untrustedTransformRole); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	id := deref(in.Id)
	if l.sessions.get(id) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Session already created, sessionId=%s", id)
	}
	s := g.settings.Load()
	if limit := s.Quotas.raised(l.seeded).Sessions; len(l.sessions.rows) >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException", "Number of sessions exceeds the account limit of %d", limit)
	}
	if err := l.checkConfiguration(in.SecurityConfiguration); err != nil {
		return nil, err
	}
	view := types.Session{
		Id: in.Id, Role: in.Role, Command: in.Command, Connections: in.Connections, CreatedOn: ptr(c.Now),
		DefaultArguments: in.DefaultArguments, Description: in.Description, GlueVersion: in.GlueVersion,
		IdleTimeout: in.IdleTimeout, MaxCapacity: in.MaxCapacity, NumberOfWorkers: in.NumberOfWorkers,
		SecurityConfiguration: in.SecurityConfiguration, SessionType: in.SessionType, WorkerType: in.WorkerType,
		Status: types.SessionStatusProvisioning,
	}
	if view.GlueVersion == nil {
		view.GlueVersion = ptr("5.1")
	}
	if c.IgnoreEncryption {
		view.SecurityConfiguration = nil
	}
	l.sessions.put(id, &session{view: view, tags: given(in.Tags), due: c.Now.Add(s.running())})
	return &awsglue.CreateSessionOutput{Session: &view}, nil
}

func checkSession(in *awsglue.CreateSessionInput) error {
	if err := checkVersion(in.GlueVersion); err != nil {
		return err
	}
	if v := deref(in.GlueVersion); v != "" && v <= "2.0" {
		return invalid("Glue version of a session must be greater than 2.0")
	}
	if in.MaxCapacity != nil && (in.WorkerType != "" || in.NumberOfWorkers != nil) {
		return invalid("Please do not set Max Capacity if using Worker Type and Number of Workers.")
	}
	return checkTags(in.Tags)
}

func (g *Glue) lockedSession(c *service.Call, id *string) (*location, *session, error) {
	if l := g.locked(c); l != nil {
		if s := l.sessions.get(deref(id)); s != nil {
			s.step(c.Now)
			return l, s, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Session %s not found", deref(id))
}

func (g *Glue) getSession(c *service.Call, in *awsglue.GetSessionInput) (*awsglue.GetSessionOutput, error) {
	l, s, err := g.lockedSession(c, in.Id)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return &awsglue.GetSessionOutput{Session: ptr(s.view)}, nil
}

func (g *Glue) listSessions(c *service.Call, in *awsglue.ListSessionsInput) (*awsglue.ListSessionsOutput, error) {
	items, token, err := pages(g, c, in.MaxResults, in.NextToken,
		func(l *location) *table[session] { return &l.sessions },
		func(s *session) (types.Session, bool) {
			s.step(c.Now)
			return s.view, hasTags(s.tags, in.Tags)
		})
	if err != nil {
		return nil, err
	}
	out := &awsglue.ListSessionsOutput{Sessions: items, NextToken: token, Ids: make([]string, 0, len(items))}
	for i := range items {
		out.Ids = append(out.Ids, deref(items[i].Id))
	}
	return out, nil
}

func (g *Glue) stopSession(c *service.Call, in *awsglue.StopSessionInput) (*awsglue.StopSessionOutput, error) {
	l, s, err := g.lockedSession(c, in.Id)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if s.view.Status != types.SessionStatusReady {
		return nil, service.Errorf("IllegalSessionStateException", "Session %s is in state %s", deref(in.Id), s.view.Status)
	}
	s.view.Status, s.due = types.SessionStatusStopping, c.Now.Add(g.settings.Load().deleting())
	return &awsglue.StopSessionOutput{Id: in.Id}, nil
}

func (g *Glue) deleteSession(c *service.Call, in *awsglue.DeleteSessionInput) (*awsglue.DeleteSessionOutput, error) {
	l, s, err := g.lockedSession(c, in.Id)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	switch s.view.Status {
	case types.SessionStatusProvisioning, types.SessionStatusStopping:
		return nil, service.Errorf("IllegalSessionStateException", "Session %s is in state %s", deref(in.Id), s.view.Status)
	}
	l.sessions.remove(deref(in.Id))
	return &awsglue.DeleteSessionOutput{Id: in.Id}, nil
}
