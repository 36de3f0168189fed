// Package deliver hands out what Glueguard found: findings to Security Hub, reports to S3, and signatures by keys that
// KMS keeps. Beside action it is the only room that changes anything at AWS.
package deliver
