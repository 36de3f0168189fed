package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
)

func (c *console) personRoutes() {
	c.page("GET /users", auth.ManageUsers, c.users)
	c.page("POST /users", auth.ManageUsers, c.addUser)
	c.page("POST /users/{id}", auth.ManageUsers, c.changeUser)
	c.page("POST /users/{id}/tickets", auth.ManageUsers, c.newTicket)
	c.page("POST /tokens/{id}/end", auth.ManageUsers, c.revokeToken)
	c.page("GET /account", auth.ManageAccount, c.account)
	c.page("POST /account/password", auth.ManageAccount, c.changePassword)
	c.page("POST /account/tokens", auth.ManageAccount, c.addToken)
	c.page("POST /account/tokens/{id}/end", auth.ManageAccount, c.endToken)
}

// roleChoice is a role and whether it is chosen.
type roleChoice struct {
	Role, Words string
	On          bool
}

func roleChoices(of []auth.Role, on []auth.Role) []roleChoice {
	all := make([]roleChoice, 0, len(of))
	for _, r := range of {
		all = append(all, roleChoice{string(r), roleWords(r), slices.Contains(on, r)})
	}
	return all
}

// within lists the roles that allow nothing beyond some others: what a token of somebody with these may have.
func within(roles []auth.Role) []auth.Role {
	permissions := []auth.Permission{
		auth.See, auth.SeeTrail, auth.Audit, auth.Propose, auth.Run, auth.Decide, auth.Schedule, auth.ManageUsers, auth.ManageAccount,
	}
	may := auth.Principal{Roles: roles}.May
	return slices.DeleteFunc(auth.Roles(), func(r auth.Role) bool {
		one := auth.Principal{Roles: []auth.Role{r}}
		return slices.ContainsFunc(permissions, func(p auth.Permission) bool { return one.May(p) && !may(p) })
	})
}

func roleWords(r auth.Role) string {
	switch r {
	case auth.Viewer:
		return "sees everything but users and the audit trail"
	case auth.Operator:
		return "audits, plans, asks for changes, and starts what is approved"
	case auth.Approver:
		return "approves and rejects what others ask for"
	case auth.Administrator:
		return "all of these, and users and schedules"
	}
	return ""
}

func rolesOf(names []string) []auth.Role {
	roles := make([]auth.Role, 0, len(names))
	for _, n := range names {
		roles = append(roles, auth.Role(n))
	}
	return roles
}

// usersPage lists users and tokens.
type usersPage struct {
	Users   []userRow
	Tokens  []openapi.Token
	Name    string
	Roles   []roleChoice
	Problem *openapi.Problem
	// Link is a one-time link that has just been made: it is shown once.
	Link *newLink
}

type userRow struct {
	openapi.User
	Choices []roleChoice
	Self    bool
}

type newLink struct {
	Name, URL string
	Guessed   bool // people may reach the console at another address
	Ticket    openapi.Ticket
}

func (c *console) users(r *http.Request) (view, error) { return c.usersView(r, usersPage{}) }

func (c *console) usersView(r *http.Request, page usersPage) (view, error) {
	got, err := answered[openapi.ListUsers200JSONResponse](c.ask.ListUsers(r.Context(), openapi.ListUsersRequestObject{}))
	if err != nil {
		return view{}, err
	}
	tokens, err := answered[openapi.ListTokens200JSONResponse](c.ask.ListTokens(r.Context(), openapi.ListTokensRequestObject{}))
	if err != nil {
		return view{}, err
	}
	self, _ := auth.From(r.Context())
	for _, u := range got.Items {
		page.Users = append(page.Users, userRow{u, roleChoices(auth.Roles(), u.Roles), u.ID == self.UserID})
	}
	page.Tokens = tokens.Items
	if page.Roles == nil {
		page.Roles = roleChoices(auth.Roles(), []auth.Role{auth.Viewer})
	}
	v := view{page: "users", title: "Users", section: "/users", data: page}
	if page.Problem != nil {
		v.status = page.Problem.Status
	}
	return v, nil
}

func (c *console) addUser(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	name, roles := strings.TrimSpace(r.PostForm.Get("name")), rolesOf(r.PostForm["role"])
	made, err := answered[openapi.CreateUser201JSONResponse](c.ask.CreateUser(r.Context(), openapi.CreateUserRequestObject{
		Body: &openapi.NewUser{Name: name, Roles: roles},
	}))
	if p, ok := c.refused(err); ok {
		return c.usersView(r, usersPage{Name: name, Roles: roleChoices(auth.Roles(), roles), Problem: p})
	}
	if err != nil {
		return view{}, err
	}
	// Shown with the answer and not after a redirect: the link is nowhere else.
	return c.usersView(r, usersPage{Link: c.linkOf(made.User.Name, made.Ticket)})
}

// linkOf is a one-time link as it can be handed on. It leads to where the daemon knows itself to be, whatever host the
// request was sent to: whoever opens it sets a password there.
func (c *console) linkOf(name string, t openapi.Ticket) *newLink {
	return &newLink{Name: name, URL: c.options.URL + t.Path, Guessed: c.options.Guessed, Ticket: t}
}

func (c *console) changeUser(r *http.Request) (view, error) {
	version, err := versionOf(r)
	if err != nil {
		return view{}, err
	}
	update := openapi.UserUpdate{Version: version}
	switch r.PostForm.Get("do") {
	case "disable", "enable":
		disabled := r.PostForm.Get("do") == "disable"
		update.Disabled = &disabled
	default:
		update.Roles = rolesOf(r.PostForm["role"])
	}
	_, err = c.ask.UpdateUser(r.Context(), openapi.UpdateUserRequestObject{ID: r.PathValue("id"), Body: &update})
	if p, ok := c.refused(err); ok {
		return c.usersView(r, usersPage{Problem: p})
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/users?done=user"}, nil
}

func (c *console) newTicket(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	made, err := answered[openapi.CreateTicket201JSONResponse](c.ask.CreateTicket(r.Context(), openapi.CreateTicketRequestObject{ID: r.PathValue("id")}))
	if p, ok := c.refused(err); ok {
		return c.usersView(r, usersPage{Problem: p})
	}
	if err != nil {
		return view{}, err
	}
	return c.usersView(r, usersPage{Link: c.linkOf(r.PostForm.Get("name"), openapi.Ticket(made))})
}

func (c *console) revokeToken(r *http.Request) (view, error) {
	if _, err := c.ask.RevokeToken(r.Context(), openapi.RevokeTokenRequestObject{ID: r.PathValue("id")}); err != nil {
		return view{}, err
	}
	return view{to: "/users?done=token"}, nil
}

// accountPage is one's own password and tokens.
type accountPage struct {
	openapi.Session
	Tokens       []openapi.Token
	Problem      *openapi.Problem
	AgainError   string
	TokenName    string
	TokenDays    string
	TokenRoles   []roleChoice
	TokenProblem *openapi.Problem
	Secret       string // of a token that has just been made: it is shown once
	SecretOf     openapi.Token
}

func (c *console) account(r *http.Request) (view, error) {
	return c.accountView(r, accountPage{TokenDays: "90"}, []auth.Role{auth.Viewer})
}

func (c *console) accountView(r *http.Request, page accountPage, roles []auth.Role) (view, error) {
	got, err := answered[openapi.GetSession200JSONResponse](c.ask.GetSession(r.Context(), openapi.GetSessionRequestObject{}))
	if err != nil {
		return view{}, err
	}
	tokens, err := answered[openapi.ListMyTokens200JSONResponse](c.ask.ListMyTokens(r.Context(), openapi.ListMyTokensRequestObject{}))
	if err != nil {
		return view{}, err
	}
	page.Session, page.Tokens, page.TokenRoles = openapi.Session(got), tokens.Items, roleChoices(within(got.Roles), roles)
	v := view{page: "account", title: "Your account", section: "/account", data: page}
	for _, p := range []*openapi.Problem{page.Problem, page.TokenProblem} {
		if p != nil {
			v.status = p.Status
		}
	}
	if page.AgainError != "" {
		v.status = http.StatusUnprocessableEntity
	}
	return v, nil
}

func (c *console) changePassword(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	page := accountPage{TokenDays: "90"}
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		page.AgainError = "These two are not the same."
		return c.accountView(r, page, nil)
	}
	_, err := c.ask.ChangePassword(r.Context(), openapi.ChangePasswordRequestObject{
		Body: &openapi.ChangePassword{Current: r.PostForm.Get("current"), New: r.PostForm.Get("password")},
	})
	if p, ok := c.refused(err); ok {
		page.Problem = p
		return c.accountView(r, page, nil)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/account?done=password"}, nil
}

func (c *console) addToken(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	page := accountPage{TokenName: strings.TrimSpace(r.PostForm.Get("name")), TokenDays: r.PostForm.Get("days")}
	roles := rolesOf(r.PostForm["role"])
	days, err := strconv.Atoi(strings.TrimSpace(page.TokenDays))
	if err != nil || days < 1 || days > 366 || page.TokenName == "" || len(roles) == 0 {
		page.TokenProblem = &openapi.Problem{
			Status: http.StatusUnprocessableEntity, Title: "The token was not made",
			Detail: "It needs a name, at least one role, and an end in 1 to 366 days.",
		}
		return c.accountView(r, page, roles)
	}
	made, err := answered[openapi.CreateToken201JSONResponse](c.ask.CreateToken(r.Context(), openapi.CreateTokenRequestObject{
		Body: &openapi.NewToken{Name: page.TokenName, Roles: roles, ExpiresDays: days},
	}))
	if p, ok := c.refused(err); ok {
		page.TokenProblem = p
		return c.accountView(r, page, roles)
	}
	if err != nil {
		return view{}, err
	}
	// Shown with the answer and not after a redirect: the secret is nowhere else.
	return c.accountView(r, accountPage{TokenDays: "90", Secret: made.Secret, SecretOf: made.Token}, nil)
}

func (c *console) endToken(r *http.Request) (view, error) {
	if _, err := c.ask.DeleteToken(r.Context(), openapi.DeleteTokenRequestObject{ID: r.PathValue("id")}); err != nil {
		return view{}, err
	}
	return view{to: "/account?done=token"}, nil
}
