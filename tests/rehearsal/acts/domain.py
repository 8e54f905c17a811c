"""A host name of one's own: its certificate, its records, and HTTPS."""

from tests.rehearsal.commands import check
from tests.rehearsal.http_client import Client

ZONE, HOST = "example.com", "items.example.com"
OF_EVERY_ZONE = {"NS", "SOA"}


def host_name(stage):
    """Deploys with a domain in a new zone. Nothing here speaks TLS: the listener of port 443 gets plain HTTP."""
    zone = stage.aws("route53").create_hosted_zone(Name=ZONE, CallerReference=ZONE)["HostedZone"]["Id"]
    stage.environment.update(TF_VAR_domain_name=HOST, TF_VAR_hosted_zone_id=zone.rpartition("/")[2])
    run = stage.deploy("up", "--smoke-url", f"http://{HOST}:443").expect(0)
    certificate = _certificate(stage)
    wanted = {option["ResourceRecord"]["Name"]: "CNAME" for option in certificate["DomainValidationOptions"]}
    records = _records(stage, zone)
    check(records == wanted | {f"{HOST}.": "A"}, f"the zone has {records}")
    _check_listener(stage, certificate["CertificateArn"])
    answer = Client(stage.emulators.port, HOST).get("/health")
    moved = answer.headers.get("location")
    check(answer.status == 301 and moved == f"https://{HOST}:443/health", f"HTTP answered {answer}, to {moved}")
    stage.check_serving(stage.tags["second"])
    stage.note(f"{HOST}: certificate issued after its record, HTTP redirects, HTTPS serves; took {run.seconds:.0f} s")


def check_zone(stage):
    """Checks after `down` that nothing is left in the zone, and deletes it."""
    route53 = stage.aws("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        records = _records(stage, zone["Id"])
        check(not records, f"the zone {zone['Name']} still has {records}")
        route53.delete_hosted_zone(Id=zone["Id"])


def _certificate(stage):
    acm = stage.aws("acm")
    arns = [found["CertificateArn"] for found in acm.list_certificates()["CertificateSummaryList"]]
    check(len(arns) == 1, f"there are {len(arns)} certificates")
    certificate = acm.describe_certificate(CertificateArn=arns[0])["Certificate"]
    check(certificate["DomainName"] == HOST, f"the certificate is for {certificate['DomainName']}")
    check(certificate["Status"] == "ISSUED", f"the certificate is {certificate['Status']}")
    return certificate


def _records(stage, zone):
    """The types of a zone's records by name, without those of every zone."""
    records = stage.aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {record["Name"]: record["Type"] for record in records if record["Type"] not in OF_EVERY_ZONE}


def _check_listener(stage, certificate):
    elb = stage.aws("elbv2")
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    (https,) = (listener for listener in listeners if listener["Port"] == 443)
    shown = https["Protocol"], [entry["CertificateArn"] for entry in https["Certificates"]]
    check(shown == ("HTTPS", [certificate]), f"the listener of port 443 is {shown}")
