//! Where Auto Scaling is called.

use aws_config::SdkConfig;

/// The name that endpoints and signatures carry.
pub(super) const SERVICE: &str = "autoscaling";
/// By the first letters of their regions, the last for all others: suffixes of the partitions, and of those endpoints
/// that have IPv6 too (the partitions of the AWS SDKs' endpoint rules, 2026-11).
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("", "amazonaws.com", "api.aws"),
];

/// The configuration's, the environment's (AWS SDKs and tools reference guide, "Service-specific endpoints"), the
/// region's; with the path of its root.
pub(super) fn endpoint(
    configured: Option<&str>,
    config: &SdkConfig,
    region: &str,
    get: impl Fn(&str) -> Option<String>,
) -> String {
    let ignored = get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    let ignored = ignored.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let set = |name: &str| get(name).filter(|text| !ignored && !text.is_empty());
    let url = configured
        .map(ToOwned::to_owned)
        .or_else(|| set("AWS_ENDPOINT_URL_AUTO_SCALING"))
        .or_else(|| set("AWS_ENDPOINT_URL"))
        .unwrap_or_else(|| of_region(config, region));
    format!("{}/", url.trim_end_matches('/'))
}

/// As the service's own endpoint rules have it (aws-sdk-autoscaling 1.141.0).
fn of_region(config: &SdkConfig, region: &str) -> String {
    let [fips, dual_stack] =
        [config.use_fips(), config.use_dual_stack()].map(|is| is == Some(true));
    let mut all = PARTITIONS.iter();
    let partition = all.find(|(begin, ..)| region.starts_with(begin));
    let suffix = partition.map_or("", |(_, plain, both)| if dual_stack { both } else { plain });
    // What GovCloud has under the plain name is FIPS already.
    let fips = fips && (dual_stack || !region.starts_with("us-gov-"));
    let fips = if fips { "-fips" } else { "" };
    format!("https://{SERVICE}{fips}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_the_configurations_the_environments_or_the_regions() {
        let of = |configured: Option<&str>, set: &[(&str, &str)]| {
            let get = |name: &str| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            // What somebody wrote is taken as it is.
            let config = SdkConfig::builder().use_fips(true).build();
            endpoint(configured, &config, "eu-west-1", get)
        };
        let all = [
            ("AWS_ENDPOINT_URL", "http://b"),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", "http://a/"),
        ];
        assert_eq!(of(Some("http://c"), &all), "http://c/");
        assert_eq!(of(None, &all), "http://a/");
        assert_eq!(of(None, &all[..1]), "http://b/");
        let ignored = [all[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
        let region = "https://autoscaling-fips.eu-west-1.amazonaws.com/";
        assert_eq!(of(None, &ignored), region);
    }

    /// The cases are those of the tests of aws-sdk-autoscaling 1.141.0.
    #[test]
    fn fips_and_ipv6_have_endpoints_of_their_own() {
        for (region, flags, host) in [
            ("us-east-1", "", "autoscaling.REGION.amazonaws.com"),
            ("us-east-1", "fips", "autoscaling-fips.REGION.amazonaws.com"),
            ("us-east-1", "ipv6", "autoscaling.REGION.api.aws"),
            ("us-east-1", "fips ipv6", "autoscaling-fips.REGION.api.aws"),
            ("us-gov-east-1", "", "autoscaling.REGION.amazonaws.com"),
            ("us-gov-east-1", "fips", "autoscaling.REGION.amazonaws.com"),
            ("us-gov-east-1", "ipv6", "autoscaling.REGION.api.aws"),
            (
                "us-gov-east-1",
                "fips ipv6",
                "autoscaling-fips.REGION.api.aws",
            ),
            ("cn-north-1", "", "autoscaling.REGION.amazonaws.com.cn"),
            (
                "cn-north-1",
                "fips",
                "autoscaling-fips.REGION.amazonaws.com.cn",
            ),
            (
                "cn-north-1",
                "ipv6",
                "autoscaling.REGION.api.amazonwebservices.com.cn",
            ),
            (
                "us-iso-east-1",
                "fips",
                "autoscaling-fips.REGION.c2s.ic.gov",
            ),
            ("us-isob-east-1", "", "autoscaling.REGION.sc2s.sgov.gov"),
        ] {
            let config = SdkConfig::builder().use_fips(flags.contains("fips"));
            let config = config.use_dual_stack(flags.contains("ipv6")).build();
            let url = endpoint(None, &config, region, |_| None);
            let host = host.replace("REGION", region);
            assert_eq!(url, format!("https://{host}/"), "{flags}");
        }
    }
}
