// Package external holds the sandbox against parties that we did not write: the real AWS CLI and moto.
//
// TestAWSCLI drives every operation that the sandbox serves with the AWS CLI, in its own process, over HTTP. It proves
// that the sandbox speaks each service's protocol as AWS's own client writes and reads it; that answers have only members
// that AWS's public service models have, with the models' enum values and required members; that refusals are ones that
// the operation declares, under the model's HTTP status; that the CLI's own paginators end and find every item; and that
// accounts, regions, partitions and assumed roles are told apart. An operation that is served but never answered the CLI
// with success fails the test.
//
// TestMoto sends one script of calls to the sandbox and to moto, an independent imitation of AWS, and compares HTTP
// status, error code and the members of the output. Every difference is either listed with its reason or fails the test,
// and so does a listed difference that no longer occurs.
//
// Neither proves that AWS itself behaves so. The service models say what an answer looks like, not when it is given; where
// the models are silent, the sandbox follows AWS's documentation, and moto only shows where two readings of it part. No
// test here reaches AWS, and none covers timing, eventual consistency or AWS's real limits. Python's botocore does the
// talking in both, so what only other SDKs send (CloudWatch's CBOR, for one) is for the sandbox's own tests.
//
// TestRepairOnMoto has glueguard's command line repair what moto holds, and follow the printed procedure there.
//
// TestSecurityHubTakesReports holds our own reports in Security Hub's format against botocore's model of BatchImportFindings.
//
// TestAPI has Schemathesis hold a daemon to its OpenAPI document: thousands of requests that it derives from the document, and
// makes up, valid and not; -api-examples has it make up more.
//
// The tests need a Python that has the pinned AWS CLI and moto. `make external` finds or installs one and names it in
// GLUEGUARD_TEST_PYTHON, and in GLUEGUARD_TEST_PYTHON_API one that has Schemathesis; without these variables they are skipped.
package external
