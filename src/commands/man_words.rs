//! The parts of the manual page that the command line does not state.

/// A section: text, then a list of names and meanings.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) list: &'static [(&'static str, &'static str)],
}

pub(super) const DESCRIPTION: &str = "\
fwmetrics runs on a Linux firewall in AWS, or beside PAN-OS firewalls, whose XML API it reads. It samples the \
dataplane each second, keeps the whole distribution of each minute, and puts it into CloudWatch under the \
instance's own role, so that alarms and scaling policies act on what the firewall really feels. It makes the \
alarms, scaling policies, dashboards and permissions that fit its configuration, and drains a firewall that \
leaves its group.

What could not be read is left out; it is never published as 0.";

pub(super) const PARTS: &[Part] = &[
    Part {
        title: "FILES",
        text: "",
        list: &[
            (
                "/etc/fwmetrics/fwmetrics.toml",
                "The configuration, where --config names no other. It need not be there: every key has a default. \
                 fwmetrics generate config prints all of them.",
            ),
            (
                "/var/lib/fwmetrics",
                "Unsent batches, and what else outlives a restart ([spool] dir); the lock that keeps a second instance out. \
                 Where it cannot be written, all is kept in memory.",
            ),
            (
                "/proc, /sys",
                "What is sampled, under the directory that the key root names.",
            ),
        ],
    },
    Part {
        title: "ENVIRONMENT",
        text: "",
        list: &[
            (
                "FWMETRICS_TABLE__KEY",
                "A key of the configuration, before the file: FWMETRICS_CLOUDWATCH__NAMESPACE is namespace in \
                 [cloudwatch]. Two underscores stand for each dot. A name that is no key is a fault.",
            ),
            (
                "AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID and others",
                "Region and credentials, as AWS SDKs read them.",
            ),
            (
                "AWS_ENDPOINT_URL_CLOUDWATCH, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT",
                "Where CloudWatch is.",
            ),
            (
                "AWS_ENDPOINT_URL_AUTO_SCALING, AWS_ENDPOINT_URL",
                "Where Auto Scaling is, for [drain] and fwmetrics drain.",
            ),
            (
                "AWS_EC2_METADATA_DISABLED",
                "true: the instance metadata service is not asked. For machines that are not on EC2.",
            ),
            (
                "SSL_CERT_FILE, AWS_CA_BUNDLE",
                "PEM files of certificates to trust: in place of the system's, and beside them.",
            ),
            (
                "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
                "A proxy for CloudWatch. The instance metadata service is never asked through one.",
            ),
            (
                "NOTIFY_SOCKET, WATCHDOG_USEC",
                "Set by systemd: run tells it when it is ready, reloads, stops and makes progress.",
            ),
        ],
    },
    Part {
        title: "EXIT STATUS",
        text: "",
        list: &[
            (
                "0",
                "All well, or what could not be sent waits in the spool; or nobody reads the output any more.",
            ),
            (
                "1",
                "Something failed: a collector, a send, a firewall that was not drained in time, datums lost at shutdown; or \
                 another instance runs.",
            ),
            ("2", "Wrong use of the command line."),
            ("78", "Bad or missing configuration."),
        ],
    },
    Part {
        title: "SIGNALS",
        text: "",
        list: &[
            (
                "TERM, INT",
                "fwmetrics run stops its collectors, sends the open window and what waits, for 20 seconds at most, logs \
                 its account (sealed = sent + waiting + dropped) and exits.",
            ),
            (
                "HUP",
                "fwmetrics run reads its configuration again. One with a fault is refused: every fault is logged, and \
                 the old one stays in force. Of a good one only what differs is swapped: collectors whose settings \
                 are as before miss no reading, those that changed are built anew, and windows, queue and account go \
                 on. Another period_secs closes the open window early. format in [log] and dir in [spool] need a \
                 restart, and so does the environment. A file that was read at start must still be there. A firewalls_file \
                 is read again too, and is watched beside: a change of it needs no signal.",
            ),
        ],
    },
    Part {
        title: "EXAMPLES",
        text: "\
What this firewall would publish, without AWS, configuration or root:

  fwmetrics once

The same of the last ten seconds of two sources, for programs:

  fwmetrics once --only cpu,conntrack --over 10s --format json

A configuration with all keys, checked after it was changed:

  fwmetrics generate config > /etc/fwmetrics/fwmetrics.toml
  fwmetrics check

The whole pipeline, its batches printed and not sent:

  FWMETRICS_IDENTITY__INSTANCE_ID=i-test fwmetrics run --dry-run",
        list: &[],
    },
];
