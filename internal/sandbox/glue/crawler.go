package glue

import (
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// mostCrawlerConfiguration is the longest name of a security configuration that a crawler takes, in characters.
const mostCrawlerConfiguration = 128

// crawler is a crawler; it is READY unless it runs.
type crawler struct {
	view types.Crawler
	tags map[string]string // nil: never had any
	done time.Time         // when the crawl ends, or has stopped; zero: it doesn't run, or was seeded as it is
}

func (w *crawler) step(now time.Time) {
	if w.done.IsZero() || now.Before(w.done) {
		return
	}
	status := types.LastCrawlStatusSucceeded
	if w.view.State == types.CrawlerStateStopping {
		status = types.LastCrawlStatusCancelled
	}
	last := deref(w.view.LastCrawl)
	w.view.LastCrawl = &types.LastCrawlInfo{
		Status: status, StartTime: last.StartTime, LogGroup: ptr("/aws-glue/crawlers"), LogStream: w.view.Name,
	}
	w.view.State, w.done = types.CrawlerStateReady, time.Time{}
}

func (g *Glue) createCrawler(c *service.Call, in *awsglue.CreateCrawlerInput) (*awsglue.CreateCrawlerOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := g.mayCreate(c, in.Role, in.Tags, untrustedCrawlerRole); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	name := deref(in.Name)
	if l.crawlers.get(name) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Crawler with name %s already exists", name)
	}
	if limit := g.settings.Load().Quotas.raised(l.seeded).Crawlers; len(l.crawlers.rows) >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException", "Number of crawlers exceeds the account limit of %d", limit)
	}
	view := types.Crawler{
		Name: in.Name, Role: in.Role, Targets: in.Targets, CatalogId: in.CatalogId, Classifiers: in.Classifiers,
		Configuration: in.Configuration, CrawlerSecurityConfiguration: in.CrawlerSecurityConfiguration,
		DatabaseName: in.DatabaseName, Description: in.Description, LakeFormationConfiguration: in.LakeFormationConfiguration,
		LineageConfiguration: in.LineageConfiguration, RecrawlPolicy: in.RecrawlPolicy, Schedule: schedule(in.Schedule),
		SchemaChangePolicy: in.SchemaChangePolicy, TablePrefix: in.TablePrefix,
		State: types.CrawlerStateReady, Version: 1, CreationTime: ptr(c.Now), LastUpdated: ptr(c.Now),
	}
	if err := l.checkCrawler(&view); err != nil {
		return nil, err
	}
	if c.IgnoreEncryption {
		view.CrawlerSecurityConfiguration = nil
	}
	l.crawlers.put(name, &crawler{view: view, tags: given(in.Tags)})
	return &awsglue.CreateCrawlerOutput{}, nil
}

func untrustedCrawlerRole(role string) error {
	return invalid("Service is unable to assume provided role. Please verify role's TrustPolicy: %s", role)
}

func (l *location) checkCrawler(v *types.Crawler) error {
	if len(deref(v.CrawlerSecurityConfiguration)) > mostCrawlerConfiguration {
		return invalid("The name of a crawler's security configuration may have at most %d characters", mostCrawlerConfiguration)
	}
	if v.Targets == nil {
		return invalid("A crawler must have at least one target")
	}
	return l.checkConfiguration(v.CrawlerSecurityConfiguration)
}

// schedule is how AWS shows the cron expression that it is given.
func schedule(cron *string) *types.Schedule {
	if cron == nil || *cron == "" {
		return nil
	}
	return &types.Schedule{ScheduleExpression: cron, State: types.ScheduleStateScheduled}
}

func (g *Glue) lockedCrawler(c *service.Call, name *string) (*location, *crawler, error) {
	if l := g.locked(c); l != nil {
		if w := l.crawlers.get(deref(name)); w != nil {
			w.step(c.Now)
			return l, w, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Crawler %s not found.", deref(name))
}

func (g *Glue) getCrawler(c *service.Call, in *awsglue.GetCrawlerInput) (*awsglue.GetCrawlerOutput, error) {
	l, w, err := g.lockedCrawler(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return &awsglue.GetCrawlerOutput{Crawler: ptr(w.view)}, nil
}

func crawlersOf(l *location) *table[crawler] { return &l.crawlers }

func (g *Glue) getCrawlers(c *service.Call, in *awsglue.GetCrawlersInput) (*awsglue.GetCrawlersOutput, error) {
	items, token, err := pages(g, c, in.MaxResults, in.NextToken, crawlersOf, func(w *crawler) (types.Crawler, bool) {
		w.step(c.Now)
		return w.view, true
	})
	return &awsglue.GetCrawlersOutput{Crawlers: items, NextToken: token}, err
}

func (g *Glue) listCrawlers(c *service.Call, in *awsglue.ListCrawlersInput) (*awsglue.ListCrawlersOutput, error) {
	names, token, err := pages(g, c, in.MaxResults, in.NextToken, crawlersOf, func(w *crawler) (string, bool) {
		return deref(w.view.Name), hasTags(w.tags, in.Tags)
	})
	return &awsglue.ListCrawlersOutput{CrawlerNames: names, NextToken: token}, err
}

// updateCrawler replaces the definition except role and targets, which may be left out; whether AWS keeps other members
// that are left out is unconfirmed.
func (g *Glue) updateCrawler(c *service.Call, in *awsglue.UpdateCrawlerInput) (*awsglue.UpdateCrawlerOutput, error) {
	if err := g.mayPass(c, in.Role, untrustedCrawlerRole); err != nil {
		return nil, err
	}
	l, w, err := g.lockedCrawler(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if w.view.State != types.CrawlerStateReady {
		return nil, service.Errorf("CrawlerRunningException", "Cannot update Crawler while running: %s", deref(in.Name))
	}
	old := w.view
	view := types.Crawler{
		Name: old.Name, Role: old.Role, Targets: old.Targets, CatalogId: in.CatalogId, Classifiers: in.Classifiers,
		Configuration: in.Configuration, CrawlerSecurityConfiguration: in.CrawlerSecurityConfiguration,
		DatabaseName: in.DatabaseName, Description: in.Description, LakeFormationConfiguration: in.LakeFormationConfiguration,
		LineageConfiguration: in.LineageConfiguration, RecrawlPolicy: in.RecrawlPolicy, Schedule: schedule(in.Schedule),
		SchemaChangePolicy: in.SchemaChangePolicy, TablePrefix: in.TablePrefix,
		State: old.State, Version: old.Version + 1, CreationTime: old.CreationTime, LastUpdated: ptr(c.Now),
		LastCrawl: old.LastCrawl, CrawlElapsedTime: old.CrawlElapsedTime,
	}
	set(&view.Role, in.Role)
	set(&view.Targets, in.Targets)
	if err := l.checkCrawler(&view); err != nil {
		return nil, err
	}
	w.view = view
	return &awsglue.UpdateCrawlerOutput{}, nil
}

func (g *Glue) deleteCrawler(c *service.Call, in *awsglue.DeleteCrawlerInput) (*awsglue.DeleteCrawlerOutput, error) {
	l, w, err := g.lockedCrawler(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if w.view.State != types.CrawlerStateReady {
		return nil, service.Errorf("CrawlerRunningException", "Cannot delete Crawler while running: %s", deref(in.Name))
	}
	l.crawlers.remove(deref(in.Name))
	return &awsglue.DeleteCrawlerOutput{}, nil
}

func (g *Glue) startCrawler(c *service.Call, in *awsglue.StartCrawlerInput) (*awsglue.StartCrawlerOutput, error) {
	l, w, err := g.lockedCrawler(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if w.view.State != types.CrawlerStateReady {
		return nil, service.Errorf("CrawlerRunningException", "Crawler with name %s has already started", deref(in.Name))
	}
	w.view.State, w.view.LastCrawl = types.CrawlerStateRunning, &types.LastCrawlInfo{StartTime: ptr(c.Now)}
	w.done = c.Now.Add(g.settings.Load().running())
	return &awsglue.StartCrawlerOutput{}, nil
}

func (g *Glue) stopCrawler(c *service.Call, in *awsglue.StopCrawlerInput) (*awsglue.StopCrawlerOutput, error) {
	l, w, err := g.lockedCrawler(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	switch w.view.State {
	case types.CrawlerStateReady:
		return nil, service.Errorf("CrawlerNotRunningException", "Crawler with name %s isn't running", deref(in.Name))
	case types.CrawlerStateStopping:
		return nil, service.Errorf("CrawlerStoppingException", "Crawler with name %s is stopping", deref(in.Name))
	}
	w.view.State, w.done = types.CrawlerStateStopping, c.Now.Add(g.settings.Load().deleting())
	return &awsglue.StopCrawlerOutput{}, nil
}
