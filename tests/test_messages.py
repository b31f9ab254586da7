"""Every message of the package, as users see it: here all are read together.

A new message needs an example in the list below, under the heading that says where users meet it.
"""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

import bigpanda_provider

MESSAGES = {
    "declaring a Deployment": r"""
Deployment "shop": wrong arguments; pass a name, then DeploymentArgs or keyword arguments, then opts
Deployment "shop": unknown argument ownr; the arguments are component, version, hosts
Deployment "shop": args has the type dict; pass DeploymentArgs or keyword arguments
Deployment "shop": version is given in addition to args; use either DeploymentArgs or keyword arguments
Deployment "shop": the option import_ cannot be used, since nothing can be read from BigPanda
Deployment "shop": timestamp is a datetime without a time zone; add a time zone: datetime.now(timezone.utc)
Deployment "shop": triggers is nan; write a finite number
Deployment "shop": triggers has the type object, which Pulumi cannot carry; use text, numbers, lists and maps of
    them
Deployment "shop" is declared twice in this program; give each its own name
Deployment "shop" is already entered or completed; enter each Deployment once
Deployment "shop" is already completed; call complete() once, and not for a Deployment that is used in a `with`
Deployment "shop" covers no resources: they may change before it starts, and it ends with the program. Use it as
    `with bigpanda.Deployment("shop", ...):`, or call complete(after=[...]), or cover the whole program by
    bigpanda.record_program(); to cover nothing, pass watch=False
Deployment "shop" does not see when 'web' is removed: the program declared such resources in an apply, or after it
    waited inside the scope
"web" is declared after the end of Deployment "shop", in an apply: it waits for the start, but the end does not wait
    for it; declare it outside the apply, or use bigpanda.record_program()
record_program() does not cover 'a', 'b', 'c' and 2 more, declared before it; put it first in the program, before
    other modules are imported
record_program(): git describe finds no version in /home/ann/shop (fatal: not a git repository); give one:
    record_program(version="1.2.3")
host_name: 'aws.ec2.Instance' is not a resource type; write the type as Pulumi shows it: aws:ec2/instance:Instance
host_name of acme:compute:Cluster: the function raised KeyError for 'nodes'
TypeError: a map is neither a name nor a list of names
Deployment "shop": its resources cannot be examined (ValueError: no such thing)
Deployment "shop": "web": its changes cannot be detected (ValueError: no such thing)
Deployment "shop": "web": its aliases cannot be read (ValueError: no such thing)
Deployment "shop": "web": its inputs are ignored (ValueError: no such thing)
Deployment "shop": "web": it is reported by its name (DeclarationError: host_name of acme:compute:Cluster: the
    function raised KeyError for 'nodes')
""",
    "settings": r"""
there is no BigPanda token, so no event can be sent. Set one with `pulumi config set --secret bigpanda:apiToken` or
    `export BIGPANDA_API_TOKEN=...`. To try without BigPanda, run `python -m bigpanda_provider.sandbox` and set
    bigpanda:baseUrl to the address that it prints; any token will do there.
there is no app key, which BigPanda's Changes API needs beside the token, so no event can be sent. Set one with
    `pulumi config set --secret bigpanda:appKey` or `export BIGPANDA_APP_KEY=...`.
this provider has no BigPanda token, so it can send no event. Set its apiToken or `export BIGPANDA_API_TOKEN=...`.
this provider has no app key, which BigPanda's Changes API needs beside the token, so it can send no event. Set its
    appKey or `export BIGPANDA_APP_KEY=...`.
bigpanda:apiToken is stored in plain text; fix it with `pulumi config set --secret bigpanda:apiToken`
unknown setting bigpanda:apitoken; did you mean bigpanda:apiToken?
bigpanda:apiToken (stack config) is not text; set the token with `pulumi config set --secret bigpanda:apiToken`
bigpanda:apiToken (stack config) is blank; set the token, or remove the setting
BIGPANDA_API_TOKEN (environment) contains a line break, a space or another character that no token has; copy the
    token again
bigpanda:appKey (stack config) is not text; set the app key with `pulumi config set --secret bigpanda:appKey`
bigpanda:appKey (stack config) is blank; set the app key, or remove the setting
bigpanda:api (stack config) is not a BigPanda API; write one of: deployments, changes
bigpanda:failedStatus (stack config) is not a final status; write one of: Canceled, Done
bigpanda:context (stack config) has the unknown name 'enviroment'; write all, none, or some of:
    previous_version,environment,project
TypeError: a Token cannot be pickled
bigpanda:baseUrl (stack config) has no scheme; write it as https://api.bigpanda.io
bigpanda:baseUrl (stack config) has the scheme ftp; write https://
bigpanda:baseUrl (stack config) has an invalid port; write a number from 0 to 65535
bigpanda:baseUrl (stack config) has no host; write it as https://api.bigpanda.io
bigpanda:baseUrl (stack config) contains a user name or password; remove them, only the token is used
bigpanda:baseUrl (stack config) contains a query or a fragment; write only scheme, host and path
bigpanda:baseUrl (stack config) uses http to another machine, which would send the token unencrypted; write https://
bigpanda:baseUrl (stack config) is not text; write it as https://api.bigpanda.io
bigpanda:baseUrl (stack config) contains white space or a control character; write it as https://api.bigpanda.io
bigpanda:region (stack config) is not a BigPanda region; write one of: us, eu
bigpanda:delivery (stack config) is not a delivery mode; write one of: bestEffort, required, off
bigpanda:timeoutSeconds (stack config) is not a number of seconds from 1 to 300; write it as 10
bigpanda:clientCertificate (stack config) is not text; write the path of a PEM file with certificate and private
    key, or two paths: cert.pem,key.pem
bigpanda:clientCertificate (stack config) contains the certificate or the key itself; write the path of a PEM file
    with certificate and private key, or two paths: cert.pem,key.pem
bigpanda:clientCertificate (stack config) names more than two files; write the path of a PEM file with certificate
    and private key, or two paths: cert.pem,key.pem
bigpanda:clientCertificate (stack config) names an empty path; write the path of a PEM file with certificate and
    private key, or two paths: cert.pem,key.pem
bigpanda:clientCertificate (stack config) contains a control character; write the path of a PEM file with
    certificate and private key, or two paths: cert.pem,key.pem
bigpanda:clientCertificate (stack config) starts with ~, but there is no such home folder; write the full path
bigpanda:clientCertificate (stack config) names a certificate file that is not a regular file; write the path of a
    PEM file
bigpanda:clientCertificate (stack config) names a key file that cannot be read (No such file or directory); write
    the path of a PEM file, absolute or relative to the folder of Pulumi.yaml
bigpanda:clientCertificate (stack config) names a file without a PEM certificate; write the path of a file with one
bigpanda:clientCertificate (stack config) names a file without a PEM private key; write the path of a file with one:
    cert.pem,key.pem
bigpanda:clientCertificate (stack config) names a file without a PEM private key; add the key to the certificate's
    file, or write both paths: cert.pem,key.pem
bigpanda:clientCertificate (stack config) names a private key that does not match the certificate; write a matching
    pair: cert.pem,key.pem
bigpanda:clientCertificate (stack config) names an encrypted private key; decrypt it: `openssl pkey -in key.pem -out
    decrypted.pem`
bigpanda:clientCertificate (stack config) names files that cannot be used (PEM_LIB); write PEM files:
    cert.pem,key.pem
""",
    "the provider plugin": r"""
region (provider argument) is not a BigPanda region; write one of: us, eu
unknown setting apiTokn; did you mean apiToken?
pulumi-resource-bigpanda is started by Pulumi: declare a bigpanda:Deployment and run `pulumi up`
is unknown; did you mean description?
is unknown; write one of: errorMessage, start, status
there is no resource type bigpanda:index:Deploy; use bigpanda:index:Deployment or bigpanda:index:Completion
a Deployment cannot be imported, since nothing can be read from BigPanda; declare it
is not the start of a Deployment; pass the Deployment's output of that name
start comes from a Deployment with another provider; give both the same provider
""",
    "events": r"""
component: is a number; write it as text: "billing"
component: is blank; write a value: "billing"
owner: is a list; write it as text, or leave it out
hosts: is text; write a list of host names: ["web-1", "web-2"]
hosts: is an empty list; write a list of host names: ["web-1", "web-2"]
hosts: has a number as item 2; write a list of host names: ["web-1", "web-2"]
hosts: has a blank name as item 2; write a list of host names: ["web-1", "web-2"]
hosts: lists a host twice, as items 1 and 3; list each host once
hosts: is missing; it is required
tags: is a list; write a map of text: {"team": "payments"}
tags: has a number as team; write a map of text: {"team": "payments"}
tags: has 51 tags; write at most 50
tags: has a name that is empty; write 1 to 100 characters
tags: has a name that is too long; write 1 to 100 characters
tags: has the name component, which is reserved for the event itself; write another name
timestamp: is text; write whole Unix seconds, such as 1764244800
timestamp: is a boolean; write whole Unix seconds, such as 1764244800
status: is no status; write success or failure
context: cannot be read; it was not written by this package
module 'bigpanda_provider' has no attribute 'Deploymnet'
timestamp: is negative; write whole Unix seconds, such as 1764244800
timestamp: has a fraction of a second; write whole Unix seconds, such as 1764244800
timestamp: is too large for seconds and looks like milliseconds; divide by 1000 and drop the fraction
hosts: no host is known, and this Deployment covers no resource to name instead; pass hosts=[...]
Deployment "shop" covers no resource of a known host type, so the names of the affected resources are sent; pass
    hosts=[...], or register the type: bigpanda.host_name(type, input)
hosts: Deployment "shop" of this program has the same component, version and hosts, so BigPanda cannot tell the two
    apart; change one of the three
""",
    "delivery": r"""
https://api.bigpanda.io did not answer within 10 s; events are queued and will be sent by the next `pulumi up` or by
    `bigpanda-release flush`
https://api.bigpanda.io could not be reached: Connection refused
https://api.bigpanda.io could not be reached (UnicodeError)
the time limit has passed
https://api.bigpanda.io answered 301, a redirect, which is not followed. Check bigpanda:baseUrl.
https://api.bigpanda.io answered 401. Check the token: `pulumi config set --secret bigpanda:apiToken`.
https://api.bigpanda.io answered 401. Check the token in BIGPANDA_API_TOKEN (environment).
https://api.bigpanda.io answered 401. Check the token in apiToken (provider argument).
https://api.bigpanda.io answered 403. Check the token's permissions.
https://api.bigpanda.io answered 403: no access. BigPanda's Changes API takes a User API key, not the organization's
    token. Check bigpanda:apiToken, and that bigpanda:region is where the key is from.
https://api.bigpanda.io answered 403. Check the token's permissions. BigPanda's Changes API takes a User API key, and
    the app key in bigpanda:appKey.
https://api.bigpanda.io answered 200, but not in JSON. Check bigpanda:baseUrl.
https://api.bigpanda.io answered with more than 16 MiB
https://api.bigpanda.io did not complete its answer within 10 s
https://api.bigpanda.io did not complete its answer (ProtocolError)
https://api.bigpanda.io answered without a list of changes. Check bigpanda:baseUrl.
https://api.bigpanda.io has more than 20000 such changes; ask for fewer days
https://api.bigpanda.io answered 410. Check bigpanda:baseUrl, and bigpanda:appKey for the Changes API.
https://api.bigpanda.io answered 400: No required SSL certificate was sent. Check bigpanda:clientCertificate.
https://api.bigpanda.io answered 400: The SSL certificate error. Check bigpanda:clientCertificate.
https://api.bigpanda.io did not accept the client certificate: tlsv1 alert unknown ca. Check
    bigpanda:clientCertificate.
BigPanda rejected the start of shop 2.6.1 (400: hosts missing); it will not be retried
BigPanda rejected the end of a deployment that has secret properties (400); it will not be retried
the update ended before there was time to send the event
BigPanda accepts 400 events a minute
an earlier event of this deployment is still being sent by another process
the start of shop 2.6.1 did not get through, and delivery is required (bigpanda:delivery (stack config)), so nothing
    was changed: https://api.bigpanda.io answered 503. Try again when BigPanda accepts events, or set
    bigpanda:delivery (stack config) to bestEffort to deploy anyway
the end of shop 2.6.1 did not get through, and delivery is required; the next update sends it:
    https://api.bigpanda.io answered 503
the start of shop 2.6.1 for web did not get through; it has secret properties, so it is not stored, and no later
    update sends it
Deployment "shop": the change of web could not be reported (TypeError), and delivery is required, so nothing was
    changed
a change of "web" could not be examined (TypeError)
bigpanda: the last checkpoint cannot be read: KeyError
""",
    "the outbox": r"""
the outbox /home/ann/.bigpanda/outbox.db cannot be used (there is no home folder); events are still sent; set
    BIGPANDA_OUTBOX to another file, or remove this file
the outbox /home/ann/.bigpanda/outbox.db cannot be used (it was written by a newer version of this package, format 9;
    upgrade bigpanda-provider); events are still sent; set BIGPANDA_OUTBOX to another file, or remove this file
the outbox postgresql://ci@db.acme.example/bigpanda cannot be used (the database did not answer within 2 s); events
    are still sent; `bigpanda-release doctor` checks the database
the outbox postgresql://ci@db.acme.example/bigpanda cannot be used (the database is slow: an answer took 0.8 s); events
    are still sent; `bigpanda-release doctor` checks the database
the outbox postgresql://ci@db.acme.example/bigpanda cannot be used (psycopg is not installed; run
    `pip install 'bigpanda-provider[postgres]'`); events are still sent; `bigpanda-release doctor` checks the database
the outbox postgresql://... cannot be used (the user name or the password in BIGPANDA_OUTBOX has a character that must
    be percent-encoded, such as %40 for @ and %2F for /; or omit the password and set PGPASSWORD); events are still
    sent; `bigpanda-release doctor` checks the database
the outbox mysql://... cannot be used (mysql:// is not supported; set BIGPANDA_OUTBOX to a file or to
    postgresql://USER@HOST/DATABASE); events are still sent; `bigpanda-release doctor` checks the database
the outbox postgresql://... cannot be used (BIGPANDA_OUTBOX is not a valid URL; write it as
    postgresql://USER@HOST/DATABASE); events are still sent; `bigpanda-release doctor` checks the database
/home/ann/.bigpanda/outbox.db: 3 waiting or in progress
there is no outbox at /home/ann/outbox.db
FROM is empty; write a file or postgresql://USER@HOST/DATABASE
FROM and TO are the same outbox; write TO as a file or as postgresql://USER@HOST/DATABASE
copied to postgresql://ci@db.acme.example/bigpanda: 120 in the history, 3 open or queued
shop 2.6.1 on web-1 (attempt 4f1c2ab9) is still in progress and not copied; run this again when that has ended
check the URL, the network, and that the role may create and write tables
FROM and TO are the same outbox under two names; nothing was copied
set or unset BIGPANDA_HISTORY_DAYS
sent the start of shop 2.6.1 (recorded by GitLab CI: acme/shop, deploy, job 17)
bigpanda-release outbox copy
recorded on
BIGPANDA_HISTORY_DAYS "ninety" is not a number of days, so 90 is used; write a number above 0
""",
    "what an update and a preview say": r"""
Sent the start of shop 2.6.1 on web-1
Sent the end of shop 2.6.1: success
Added web-2 to shop 2.6.1
Sent the events of earlier updates
The events of earlier updates are still queued
The events of an earlier update were dropped from the queue, so they are not sent
waiting for BigPanda, 7 s left
Deployment "shop" will also report web-1, which changes through an Output
version 2.6.0 is now 2.6.1
triggers may change
triggers changed
hosts may change
hosts changed
host web-3 added
host web-2 removed
4 more resources changed
the last attempt did not complete
the last attempt failed
1 event is waiting to be sent
2 events are waiting to be sent
""",
    "the summary of a change": r"""
Deploy shop 2.4.2 to web-1, web-2 (prod)
Deploy shop 2.4.2 to web-1, web-2 (prod): failed (web-2: no space left on device)
In Progress
""",
    "which CI job ran the update": r"""
Azure Pipelines: Shop, Deploy, run 20260930.1
Bitbucket Pipelines: acme/shop, build 17
""",
    "why a deployment failed": r"""
the program exited with code 3
a resource failed
the deployment did not complete
the update ended before this deployment was complete
BigPanda did not confirm the start, and delivery is required
BigPanda rejected the start
its start was removed from the queue
the release runner stopped unexpectedly
the release runner was killed before the update was over
the update failed after the release runner was killed
the release runner was killed, and the result of the update is unknown
the engine was killed by signal 9
""",
    "release runner: up, destroy, refresh and preview": r"""
bigpanda-release: unexpected error: KeyError; run it again with --debug for a traceback
bigpanda-release: --component and --version missing; pass a component and a version, or a release.yaml
bigpanda-release: --tag number 2 has no "="; write it as --tag NAME=VALUE
bigpanda-release: --tag sets team twice; set each name once
bigpanda-release: --version cannot be combined with release.yaml; set the value there, or omit the file
bigpanda-release: not a terminal; pass --yes to confirm, or run `preview` first
bigpanda-release: the token file token.txt cannot be read: it is not text
bigpanda-release: there is no `pulumi` on PATH; install the Pulumi CLI, 3.244 or newer
bigpanda-release: the `pulumi` on PATH cannot be used: Minimum version requirement failed
bigpanda-release: the `pulumi` on PATH does not run (Exec format error); install it again
bigpanda-release: `pulumi config` did not end within 120 s; try it by hand in /home/ann/shop
bigpanda-release: there is no Pulumi.yaml in /home/ann; name the project's folder with -C
bigpanda-release: the Pulumi.yaml in /home/ann/shop is not valid YAML; `pulumi about` shows where
bigpanda-release: no stack is selected in /home/ann/shop; name one with -s, or run `pulumi stack select`
bigpanda-release: there is no stack "prdo" in /home/ann/shop; create it with `pulumi stack init prdo`
bigpanda-release: the preview of acme/shop/prod failed: pulumi failed and printed no error
warning: no changed resource is of a known host type, so the names of the changed resources are sent; pass --host,
    or set hosts in release.yaml
warning: acme/shop/prod: the update changed what its preview did not show, so it was not recorded
nothing changes, so nothing is sent
a refresh deploys nothing, so nothing is sent
delivery is off, so nothing is sent
no component is given, so nothing is sent
the program records this by its own Deployment, so the runner sends nothing
end    success, or failure with its reason
nothing was done
failed: another update of this stack is running; wait for it, or end it with `pulumi cancel`
3 releases in 42 s: 2 succeeded, 1 failed, 1 rejected by BigPanda
+- aws:ec2/instance:Instance web creating replacement
+- aws:ec2/instance:Instance web created replacement (12.3 s)
+- aws:ec2/instance:Instance web deleting replaced
+- aws:ec2/instance:Instance web deleted replaced (3.1 s)
cancelled: it was not started
skipped: runs after db (failed)
undelivered: the start did not get through, and delivery is required: https://api.bigpanda.io answered 503
undelivered: the update is done, but BigPanda rejected its end
undelivered: the update is done, but its end did not get through: https://api.bigpanda.io answered 503; the end is
    queued, send it with `bigpanda-release flush`
rejected: BigPanda rejected the start of shop 2.6.1, so it has no record of this update
rejected: BigPanda rejected the end of shop 2.6.1, so it shows shop 2.6.1 in progress; send another end with
    `bigpanda-release end --component shop`
""",
    "release runner: several releases": r"""
release.yaml:5: releases[1].project: there is no Pulumi.yaml in zz; name the project's folder, relative to this file
warning: shop: no changed resource is of a known host type, so the names of the changed resources are sent; pass --host,
    or set hosts in release.yaml
""",
    "release runner: Ctrl-C": r"""
cancelling: waiting for 2 operations; press Ctrl-C again to stop now
cancelling on SIGTERM: waiting for the engine; send it again to stop now
cancelling on SIGTERM; nothing more is started
stopping now
stopping now: 2 operations may be incomplete; check their resources, then run `pulumi refresh`
stopping now: 1 operation may be incomplete; check its resource, then run `pulumi refresh`
cancelled: 1 created, 1 not completed
bigpanda-release: cancelled
""",
    "release runner: values of options for the engine": r"""
bigpanda-release: --plan nofile: no such file; the path is relative to /home/ann/shop
bigpanda-release: --policy-pack /srv/pack: no such folder; name one that can be read
bigpanda-release: --plan folder: not a file; the path is relative to /home/ann/shop
bigpanda-release: --plan secret.json: not readable; the path is relative to /home/ann/shop
bigpanda-release: --refresh takes true or false; pass --refresh or --refresh=false
""",
    "release runner: options for the engine": r"""
bigpanda-release: --target needs a value after it
bigpanda-release: argument 3 after `--` is not an option; only options for Pulumi can follow `--`, each with its
    value: --target URN
bigpanda-release: `pulumi up`: unknown flag: --foo; see `pulumi up --help`
bigpanda-release: --save-plan is an option of previews; run `bigpanda-release preview`
bigpanda-release: --attach-debugger is not supported, since nothing would show where to attach; use `pulumi up`
bigpanda-release: --exec-kind is internal to Pulumi; omit it
bigpanda-release: --color must come before `--`: bigpanda-release up --color WHEN
bigpanda-release: --config-file is not supported, since settings are read from the stack's own file; pass
    `--config KEY=VALUE`, or set config in release.yaml
bigpanda-release: --cwd must come before `--`: bigpanda-release up -C DIR
bigpanda-release: --help must come before `--`; for the engine's options run `pulumi up --help`
bigpanda-release: --json must come before `--`: bigpanda-release up --json
bigpanda-release: --output must come before `--`, as --json: bigpanda-release up --json
bigpanda-release: --non-interactive is always set; omit it
bigpanda-release: --preview-only is not supported; run `pulumi destroy --preview-only`
bigpanda-release: --secrets-provider is only for new stacks; run `pulumi stack change-secrets-provider` first
bigpanda-release: --show-secrets is not supported, since secrets are never shown; run
    `pulumi stack output --show-secrets`
bigpanda-release: --skip-preview is not supported, since the preview decides which events to send; to skip only the
    question, pass --yes before `--`
bigpanda-release: --stack must come before `--`: bigpanda-release up -s STACK
bigpanda-release: --strict is not supported, since preview and update run separately; save a plan with
    `bigpanda-release preview` and `-- --save-plan FILE`, then pass `-- --plan FILE`
bigpanda-release: --yes must come before `--`: bigpanda-release up --yes
Limit the run to this resource; repeat for several. Wildcards: * and **.
Refresh state from the cloud provider first.
Show the plan in full.
Number of resource operations that Pulumi runs at the same time. [default: Pulumi decides]
""",
    "options that are settings, and delivery that is off": r"""
--token-file contains a line break, a space or another character that no token has; copy the token again
bigpanda-release: --token-file: token.txt is empty; write the token into it, or omit the option
bigpanda-release: delivery is off (--delivery), so nothing is sent; pass --delivery bestEffort to send what is queued
""",
    "what is empty, and no token": r"""
bigpanda-release: --attempt is empty; write the attempt's id, or its beginning, as `status` shows it
bigpanda-release: the attempt's id is empty; `bigpanda-release queue` lists what is queued
bigpanda-release: there is no BigPanda token, so BigPanda cannot be asked; set one with `pulumi config set --secret
    bigpanda:apiToken`, `export BIGPANDA_API_TOKEN=...` or --token-file
""",
    "starts that are alike": r"""
bigpanda-release: several open starts match shop 2.6.1: shop 2.6.1 on web-1 (attempt 4f1c2ab0); shop 2.6.1 on web-1
    (attempt 77ab77ab); choose one with --attempt
bigpanda-release: several open starts match attempt 4: shop 2.6.1 on web-1 (attempt 4f1c2ab0); shop 2.6.1 on web-1
    (attempt 4f077ab7); write more of the attempt's id
""",
    "start and end": r"""
start sent: shop 2.6.1 on web-1, web-2 (attempt 4f1c2ab0)
end queued: shop 2.6.1 on web-1 (attempt 4f1c2ab0), since https://api.bigpanda.io answered 503; send it with
    `bigpanda-release flush`
end rejected: shop 2.6.1 on web-1 (attempt 4f1c2ab0); fix what BigPanda rejects, and send it again
start not sent: shop 2.6.1 on web-1; delivery is off, pass --delivery bestEffort to send it
dry run: the start of shop 2.6.1 on web-1, web-2 is neither sent nor recorded
warning: delivery is off, so without --dry-run nothing would be sent either
bigpanda-release: end queued: shop 2.6.1 on web-1 (attempt 4f1c2ab0), since https://api.bigpanda.io answered 503;
    send it with `bigpanda-release flush` (delivery is required)
bigpanda-release: the start of shop 2.6.1 did not get through, and delivery is required: https://api.bigpanda.io
    answered 503
bigpanda-release: pass --component, --version, --host or --attempt to say which start is to be ended
bigpanda-release: no open start matches shop 2.6.1 on web-1; to send its end anyway, --force needs --version and --host
bigpanda-release: no open start matches a deployment on web-1: none is open on this machine; if it was started on
    another machine, pass --force to send the end anyway
bigpanda-release: several open starts match version 2.6.1: shop 2.6.1 on web-1; pay 2.6.1 on pay-1; add --component
    and --host to choose one
bigpanda-release: no open start matches pay (attempt 4f1c2ab0): that attempt is shop 2.6.1 on web-1; omit the option
    that says otherwise
Show what would be sent; send and record nothing.
Pass as much of the start as tells it apart from others that are open.
For a start that was sent from another machine, pass --force with its component, version and hosts. With the Changes
    API, BigPanda is asked for the deployment, so a part of these, or --attempt, is enough.
Attempt, as `start` shows it, or the beginning of its id.
Version of the start.
Host of the start; repeat for all of its hosts.
Result of the deployment: success or failure.
What to end
""",
    "release runner: start, end, status, history and flush": r"""
bigpanda-release: --reason is only for a failure; add --status failure, or omit --reason
bigpanda-release: no open start matches shop; to send its end anyway, --force needs --version and --host
bigpanda-release: no open start matches shop 2.6: the nearest open ones are shop 2.6.1 on web-1; shop 2.6.0 on
    web-2; name one of them, or pass --force to send the end anyway (1 more is open with secret properties, which
    only the next update of the stack can end)
bigpanda-release: no open start matches shop 2.6: none is open on this machine; if it was started on another
    machine, pass --force to send the end anyway (2 more are open with secret properties, which only the next update
    of the stack can end)
bigpanda-release: the end of shop 2.6.1 on web-1 is already queued, as a success; send it with `bigpanda-release
    flush`, or pass --force to send the end anyway
bigpanda-release: shop 2.6.1 on web-1 is open at https://eu-api.bigpanda.io; set BIGPANDA_BASE_URL to end it there
bigpanda-release: several open starts match shop: shop 2.6.1 on web-1; shop 2.6.0 on web-1, and 2 more; add
    --version and --host to choose one
bigpanda-release: shop 2.6.1 on web-1 is being deployed by acme/shop/prod, which will send the end itself; pass
    --force to send it now
bigpanda-release: no open start matches attempt 4f1c: it has secret properties, which only the next update of the
    stack can end
bigpanda-release: no open start on this machine is attempt 4f1c, and BigPanda can be asked for it only by the Changes
    API; pass --api changes, or --component, --version and --host
bigpanda-release: BigPanda has no deployment in progress that matches shop and started within 30 days;
    `bigpanda-release status --remote` lists what is in progress
bigpanda-release: several deployments that BigPanda has in progress match shop: shop 2.6.1 (4f1c), shop 2.6.0 (77ab);
    choose one with --attempt
bigpanda-release: --days is only for --remote; add --remote, or omit --days
bigpanda-release: only BigPanda's Changes API can be asked for what is in progress; pass --api changes, or set
    bigpanda:api to changes
bigpanda-release: what BigPanda has in progress cannot be read: https://api.bigpanda.io did not answer within 10 s
BigPanda has nothing in progress that started within 30 days and was recorded by this package
unknown here
this machine: the end is queued
this machine: the end was sent
end rejected
a person: call `bigpanda-release end`
this machine's process 4711
another machine that uses this outbox
bigpanda-release: shop 2.6.1 has ended in the meantime; `bigpanda-release history` shows how
bigpanda-release: --since "yesterday" is not a time; write it as 90m, 12h, 7d, or 2026-11-25T10:00
nothing is in progress, and nothing is queued
nothing was sent
nothing to send
BigPanda accepts 400 changes a minute; 600 are left, sending continues in 58 s
warning: the state of acme/shop/prod cannot be read, so another machine may have sent its events already
""",
    "release runner: tables, queue and flush": r"""
component version hosts state delivery since problem reason recorded by
component version hosts stack since looked after link attempt
left open
both queued
end queued
start rejected
end rejected
both dropped
end dropped
start, end
not sent yet
292 more; --all shows all
no deployment matches
bigpanda-release: --all cannot be combined with --limit; omit one of them
bigpanda-release: --state open is not a state; write one of: in-progress, left-open, success, failure
bigpanda-release: --watch cannot be combined with --json; omit one of them
bigpanda-release: --watch cannot be combined with --remote, since it would ask BigPanda every 2 s
bigpanda-release: --watch needs a terminal; omit it
bigpanda-release: options come after drop; write them as `bigpanda-release queue drop --json`; see
    `bigpanda-release queue --help`
bigpanda-release: no queued event is of attempt 4f1c; `bigpanda-release queue` lists what is queued
bigpanda-release: several attempts begin with 4: shop 2.6.1 (4f1c2ab9), pay 7 (4d07c0d7); write more of the id
bigpanda-release: the start and the end of shop 2.6.1 may be on the way: process 4711 is still running; try again when
    it has ended
bigpanda-release: the end of shop 2.6.1 may be on the way: a process on another machine is still running; try again
    when it has ended
bigpanda-release: the end of shop 2.6.1 was sent or taken over in the meantime; `bigpanda-release queue` lists what is
    queued
bigpanda-release: not a terminal; pass --yes to confirm
the start and the end of shop 2.6.1 will not be sent
the end of a deployment of shop/prod web with secret properties will not be sent
BigPanda will have no record of shop 2.6.1
BigPanda may have received the start; then it shows shop 2.6.1 in progress, and only `bigpanda-release flush` would end
    it
BigPanda shows shop 2.6.1 in progress until it gets an end: send the queued one with `bigpanda-release flush`, or drop
    it and send another with `bigpanda-release end --attempt 4f1c2ab9`
the state of shop/prod holds it too, so an update of shop/prod on another machine sends it
drop now? [y/N]:
dropped the end of shop 2.6.1
bigpanda-release queue drop 4f1c2ab9
sent the start and the end of shop 2.6.1
not sent: the end of shop 2.6.1, since it is in progress
not sent: the end of shop 2.6.1, since an earlier event of the same deployment is queued
not sent: the end of a deployment of shop/prod web with secret properties, since it has secret properties, which are
    only in the stack's state; the next update of the stack sends it
not sent: the start and the end of shop 2.6.1, which another machine has sent already
1 event stays queued (the end of shop 2.6.1): https://api.bigpanda.io answered 503
2 events stay queued (the start and the end of shop 2.6.1): https://api.bigpanda.io answered 503
2 events for https://api.bigpanda.io stay queued: this call sends to http://127.0.0.1:8080 (BIGPANDA_BASE_URL); to send
    them, unset BIGPANDA_BASE_URL, or run `bigpanda-release flush` with BIGPANDA_BASE_URL=https://api.bigpanda.io
1 event for https://api.bigpanda.io stays queued: this call sends to https://eu-api.bigpanda.io (bigpanda:baseUrl in
    the stack's config); to send it, run `bigpanda-release flush` with BIGPANDA_BASE_URL=https://api.bigpanda.io and
    without --stack
1 event for https://api.bigpanda.io stays queued: this call sends to https://eu-api.bigpanda.io (bigpanda:baseUrl is
    not set); to send it, run `bigpanda-release flush` with BIGPANDA_BASE_URL=https://api.bigpanda.io
Show the queued events, and why they are queued.
Remove the queued events of a deployment, so that they are never sent.
Attempt, as `queue` shows it, or the beginning of its id.
Show only this stack: prod, shop/prod or acme/shop/prod.
Show only this state: in-progress, left-open, success or failure.
Show the newest N deployments. [default: 20 on a terminal, else all]
Show all deployments.
Show whole times, in UTC.
Show the table anew every 2 s, until Ctrl-C.
""",
    "release.yaml": r"""
bigpanda-release: release.yaml cannot be read: No such file or directory
bigpanda-release: release.yaml:3: not valid YAML: mapping values are not allowed here
bigpanda-release: release.yaml:3: releases[0].stack is set twice; remove one
bigpanda-release: release.yaml:1: not a map; start with `releases:` and a list of releases
bigpanda-release: release.yaml:4: releases[0].compnent is an unknown key; did you mean component?
bigpanda-release: release.yaml:4: releases[0].q is an unknown key; the keys are stack, project, component, version
bigpanda-release: release.yaml:4: releases[0].version is not text; write a name, in quotes if it looks like a number
bigpanda-release: release.yaml:4: releases is not a list with items; write at least one item
bigpanda-release: release.yaml:4: releases[0].after is not a list; write a list
bigpanda-release: release.yaml:4: releases[0].config is not a map; write keys with values
bigpanda-release: release.yaml:9: releases[1].stack "prod" of this project is already released above; remove one of
    the two
bigpanda-release: release.yaml:9: releases[1].component "shop" has the same version and hosts as a release above, so
    BigPanda cannot tell the two apart; change one of the three
bigpanda-release: release.yaml:9: releases[1].after names "db", which is not a release of this file; write one of
    prod, shop
bigpanda-release: release.yaml:9: releases[1].after names "prod", which matches several releases; write one of
    ./prod, db/prod
bigpanda-release: release.yaml:9: releases[1].after is a circular dependency: db after shop after db
""",
    "targets, variables and a part of a release.yaml": r"""
bigpanda-release: release.yaml:4: not valid YAML: expected ',' or ']', but got '{'; put a value with ${...} in quotes
bigpanda-release: release.yaml is not valid YAML: special characters are not allowed
bigpanda-release: release.yaml:7: releases[0].version: VERSION is not set; set it, or pass --var VERSION=...
bigpanda-release: release.yaml:7: releases[0].owner: ${ does not begin a variable; write ${NAME}, ${NAME:-default}, or
    $${ for a literal ${
bigpanda-release: release.yaml:7: releases[0].owner: TOKEN holds a secret that no release may show
    (BIGPANDA_API_TOKEN); the runner reads it by itself, so remove the variable
bigpanda-release: release.yaml:9: releases[0].refresh is neither true nor false; write one of them
bigpanda-release: release.yaml:9: releases[0].targets[0] is not a URN; copy it from `pulumi stack --show-urns`, or use *
bigpanda-release: --var VERSON is not used in the file; did you mean VERSION?
bigpanda-release: --var VERSON is not used in the file; write it there as ${VERSON}, or omit the option
bigpanda-release: --var is only for a release.yaml; name the file, or omit --var
bigpanda-release: --only shpo is not a component of release.yaml; did you mean shop?
bigpanda-release: --only db is not a component of release.yaml; the components are network, shop
shop runs after network, which is not part of this run
network is destroyed after shop, which is not part of this run
Run only this component of the release.yaml; repeat for several.
Value of ${NAME} in the release.yaml; repeat for several. [default: the environment variable]
URNs of the resources to update, as --target takes them. [default: all resources]
Refresh state from the cloud provider before the update.
""",
    "release.yaml in an editor": r"""
Releases, in any order.
Stack name, as `pulumi stack ls` shows it.
Project folder, relative to this file. [default: the folder of this file]
Version of the component; put it in quotes.
Hosts to report. [default: the affected hosts]
Releases that run before this release, by component, by stack, or as project/stack.
Stack config for this release; keys without a namespace belong to the project.
Description, shown in BigPanda.
Owner, shown in BigPanda.
Tags, shown in BigPanda: names with text.
""",
    "doctor": r"""
install the Pulumi CLI, or put it on PATH: curl -fsSL https://get.pulumi.com | sh
3.200.0 has no error hooks -> install Pulumi 3.244.0 or newer: curl -fsSL https://get.pulumi.com | sh
the engine tells why a resource failed
no Pulumi.yaml here, so language, Python and stack were not checked; name a project with -C DIR
Pulumi.yaml:3 is not valid YAML, so language, Python and stack were not checked -> fix the file; `pulumi about` shows
    what is wrong
Pulumi.yaml cannot be read: it is not text
Pulumi.yaml is not a map
Pulumi.yaml names no runtime -> add one, such as `runtime: python`
there is no pulumi-language-python -> put pulumi-language-python on PATH, beside pulumi
there is no pulumi-resource-pulumi-python -> put pulumi-resource-pulumi-python on PATH, beside pulumi
pipenv in Pulumi.yaml is unknown -> set toolchain under runtime.options in Pulumi.yaml to pip, uv or poetry
Pulumi.yaml sets the toolchain uv, which is not on PATH -> curl -LsSf https://astral.sh/uv/install.sh | sh
Pulumi.yaml sets the toolchain poetry, which is not on PATH -> pipx install poetry
python: not checked, since uv is missing
stack: not checked, since there is no engine
poetry has no virtualenv for /home/ann/shop -> pulumi install
3.12.1 with bigpanda-provider 1.2.0 (/home/ann/shop/venv/bin/python, the virtualenv in Pulumi.yaml)
3.12.1 with bigpanda-provider 1.2.0 (/home/ann/shop/.venv/bin/python, uv's virtualenv)
3.12.1 without bigpanda-provider, which a Deployment in the program needs (/home/ann/shop/env/bin/python, poetry's
    virtualenv) -> poetry add bigpanda-provider
3.12.1 without bigpanda-provider, which a Deployment in the program needs (/usr/bin/python3, python3 on PATH, since
    Pulumi.yaml names no virtualenv) -> the system manages this Python, so use a virtualenv: add bigpanda-provider to
    requirements.txt, set virtualenv: venv under runtime.options in Pulumi.yaml, and run `pulumi install`
3.12.1: bigpanda-provider cannot be imported (ImportError: no such name) (/usr/bin/python3, the Python of the
    Deployment's provider) -> /usr/bin/python3 -m ensurepip && /usr/bin/python3 -m pip install bigpanda-provider
3.9.18 is too old for bigpanda-provider (/usr/bin/python3, PULUMI_PYTHON_CMD) -> install Python 3.10 or newer, and set
    PULUMI_PYTHON_CMD to its path
there is no python3 -> install Python 3.10 or newer, or set PULUMI_PYTHON_CMD
/home/ann/shop/venv does not exist yet (the virtualenv in Pulumi.yaml) -> cd shop && pulumi install
/home/ann/shop/src is no virtualenv (the virtualenv in Pulumi.yaml) -> set virtualenv under runtime.options in
    Pulumi.yaml to a virtualenv
/home/ann/shop/venv/bin/python, the virtualenv of the Deployment's provider, does not run (OSError) -> rm -r
    /home/ann/shop/venv && pulumi install
/usr/bin/python3, PULUMI_PYTHON_CMD, does not run (OSError) -> set PULUMI_PYTHON_CMD to a Python that runs, or name a
    virtualenv in Pulumi.yaml
Pulumi looks for the Deployment's provider in /home/ann/shop/.venv, and there is no virtualenv -> set virtualenv under
    runtime.options in Pulumi.yaml to ../.venv
-> uv add bigpanda-provider
-> uv sync
-> poetry install
-> uv python pin 3.12 && uv sync
-> poetry env use python3.12 && poetry install
-> make the virtualenv again with Python 3.10 or newer: python3.12 -m venv --clear /home/ann/shop/venv && pulumi install
-> create it with `pulumi stack init prdo`; the checks below ignore the stack's config
-> fix that; the checks below ignore the stack's config
unknown setting bigpanda:q -> remove it with `pulumi config rm bigpanda:q`
-> fix that setting; BigPanda was not checked
token: not set
app key: from BIGPANDA_APP_KEY (environment); whether BigPanda accepts it shows only when an event is sent
api: deployments, the default
proxy: proxy.acme.com:3128, from HTTPS_PROXY (environment)
HTTPS_PROXY is not used, since NO_PROXY names BigPanda's host
HTTPS_PROXY is not an address -> write HTTPS_PROXY as http://proxy.example.com:3128
ca bundle: REQUESTS_CA_BUNDLE names no file -> set REQUESTS_CA_BUNDLE to a PEM file, or unset it
https://api.bigpanda.io, accepts the token: it may read changes
https://api.bigpanda.io, does not let the token read changes
https://api.bigpanda.io, answers (401 to a request without token)
https://api.bigpanda.io, cannot be reached (ConnectionError) -> check bigpanda:baseUrl or bigpanda:region,
    HTTPS_PROXY, and REQUESTS_CA_BUNDLE for a private CA
commit none yet, branch trunk
not needed: bigpanda:context sends nothing of git
not on PATH, so commit, branch and repository are not sent
no checkout in /home/ann/shop, so commit and branch are not sent
/home/ann/.bigpanda/outbox.db, 2 waiting or in progress
/home/ann/.bigpanda/outbox.db cannot be written -> set BIGPANDA_OUTBOX to a writable file
bigpanda_provider[cli]: typer is missing; install it with: pip install 'bigpanda-provider[cli]'
""",
    "help of the doctor": r"""
Print a fix for each problem; send no event. Exit with 1 if there is a problem.
""",
    "release: plans and results": r"""
start queued: shop 2.4.1 on web-1 (attempt 0ec148a4)
1 min 2 s
1 h 3 min
shop: the preview of shop/dev failed: no such output; it is previewed again after network
--json asks no question; pass --yes to confirm, or run `preview --json` first
Destroy network 9 on gateway
events that will be sent to BigPanda:
only stack outputs change, so nothing is sent
unchanged (2 s): only stack outputs changed
start sent: shop 2.4.1 on web-1, web-2 (attempt 0ec148a4)
""",
    "help": r"""
Record updates of whole Pulumi stacks in BigPanda: the start, and the end with its result.
Exit codes: 0 success, 1 a release failed, 2 wrong use, 3 delivery is required and an event did not get through, 130
    cancelled.
Show tracebacks of unexpected errors.
Update a stack and record the update.
With a release.yaml, update its stacks in their order.
Delete all resources of a stack and record the update.
With a release.yaml, go through its stacks in reverse order.
Refresh state from the cloud provider.
A refresh deploys nothing, so no event is sent.
Show the changes and the events that would be sent.
Send a start by hand.
Send the end of an open start.
Show what BigPanda itself has in progress, from all machines.
With --remote, go back N days. [default: 30]
Show deployments in progress and queued events.
Show the recorded deployments, newest first.
Cover all deployments in the outbox, also those that programs recorded.
Show where deployments are recorded.
It is a file, or with BIGPANDA_OUTBOX=postgresql://... a database that a team shares.
Copy an outbox, and move what is queued or open in it.
Exit with 1 if a deployment is still in progress; then run it again. Omit the password from a URL: PGPASSWORD and
    ~/.pgpass are read.
File, or URL of a database, to copy from.
File, or URL of a database, to copy to.
Only what you recorded on this machine, if the outbox is shared.
Send the queued events, oldest first.
Check the setup.
Serve a local stand-in for BigPanda.
File of the releases to run, instead of one stack.
Stack name. [default: the selected stack]
Project folder. [default: the current folder]
Host to report; repeat for several. [default: the affected hosts]
Host to report; repeat for several.
Owner of the deployment.
Description of the deployment.
Component, as BigPanda shows it.
Version of the component.
Do not ask for confirmation.
Number of releases that run at the same time. [default: 1]
File with the BigPanda token. [default: stack config or environment]
File with the app key for the Changes API. [default: stack config or environment]
BigPanda API to use: deployments or changes. [default: stack config or environment]
Tag to add; repeat for several.
What to do if an event does not get through: bestEffort, required or off. [default: stack config or environment]
Print JSON, for scripts.
Show only results, warnings and errors.
Show the version.
When to use colors: auto, always or never. [default: auto]
Events by hand
How Pulumi runs
How to deliver
What to release
What to show
What to tell BigPanda
no such command upp; did you mean up?
no such option --componet; did you mean --component?
--limit: write a whole number of at least 1
--parallel: write a whole number
answer y or n
the system refuses to go on: No space left on device
no such option --replace; pass it to Pulumi after `--`: bigpanda-release up -- --replace
Component of the start.
Reason of the failure.
Send the end even if no open start matches, or a running update would send it.
Show only this component.
Show only deployments on this host.
Show only newer deployments: 90m, 12h, 7d, or 2026-11-25T10:00.
Send only the events of this stack, with the settings of its config.
Port to listen on; 0 takes a free port.
Address to listen on.
File to keep events in; :memory: keeps them in memory.
Additional host name that requests may be sent to; repeat for several.
Answer 429 to more changes a minute. [default: no limit]
""",
}
"""Examples begin in the first column and go on in indented lines."""

EXAMPLES = [" ".join(one.split()) for group in MESSAGES.values() for one in re.split(r"\n(?! )", group) if one.strip()]

PACKAGE = pathlib.Path(bigpanda_provider.__file__).parent
FEWEST_WORDS = 2
"""A text with fewer is a name or a value."""
WORD = re.compile(r"[\"'(`]*[A-Za-z][a-z'-]*[`\"').,;:?]*")
NO_MESSAGE = re.compile(
    r"PRAGMA|TABLE|VALUES|FROM bigpanda_|UPDATE (SET|bigpanda)|ORDER BY|= [?]|IS NULL|start_delivery"  # SQL
    r"|^connection failed:$|^cannot (assign to|delete) field"  # of psycopg, of Python's dataclasses
    r"|^[(]Previewing|^[(][?]:greater|^import |^Value error,|^read -r |^str \|"  # patterns, programs, types
    r"|^bigpanda-release \w+( |$)"
    r"|most recent call last|above exception|^Error in event stream$|terminated, shutting down$"  # of Pulumi
)
HOLE = "\0"


def _text(node: ast.AST) -> str | None:
    """The text of a string or an f-string, with a hole for each value; None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{}", HOLE)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return None


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts below a node of the source. Docstrings are left out, except those of commands, which are help."""
    text = _text(node)
    if text is not None:
        yield text
    if isinstance(node, ast.FunctionDef) and any(
        ast.unparse(one).startswith("command(") for one in node.decorator_list
    ):
        yield ast.get_docstring(node) or ""
    for child in ast.iter_child_nodes(node):
        is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        is_part = text is not None and isinstance(child, ast.Constant)
        if not is_docstring and not is_part:
            yield from _texts(child)


def _templates() -> set[str]:
    """Every paragraph of text in the package that users may see."""
    files = [file for file in PACKAGE.rglob("*.py") if PACKAGE / "sandbox" not in file.parents]
    texts = [text for file in files for text in _texts(ast.parse(file.read_text(encoding="utf-8")))]
    paragraphs = {" ".join(paragraph.split()) for text in texts for paragraph in text.split("\n\n")}
    return {
        one
        for one in paragraphs
        if sum(WORD.fullmatch(word) is not None for word in one.split()) >= FEWEST_WORDS and not NO_MESSAGE.search(one)
    }


def _fits(template: str, example: str) -> bool:
    return re.search(".*".join(map(re.escape, template.split(HOLE))), example) is not None


def test_every_message_has_an_example() -> None:
    """A message without one is missing from the list."""
    assert [one for one in sorted(_templates()) if not any(_fits(one, example) for example in EXAMPLES)] == []


def test_every_example_is_of_a_message() -> None:
    """An example of a message that is gone is stale."""
    templates = _templates()
    assert [example for example in EXAMPLES if not any(_fits(one, example) for one in templates)] == []
