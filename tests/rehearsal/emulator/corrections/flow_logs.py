"""EC2: a flow log keeps its role, format, interval and tags. Otherwise a second plan would set them again."""

from ministack.services import ec2

from corrections import text, without_length

DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} "
    "${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)

_create, _describe = ec2._create_flow_logs, ec2._describe_flow_logs
_kept = {}


def _create_remembering(parameters):
    before = set(ec2._flow_logs)
    answer = _create(parameters)
    for identifier in set(ec2._flow_logs) - before:
        ec2._parse_tag_specs(parameters, "vpc-flow-log", identifier)
        _kept[identifier] = (
            f"<deliverLogsPermissionArn>{ec2._p(parameters, 'DeliverLogsPermissionArn')}</deliverLogsPermissionArn>"
            f"<logGroupName>{ec2._p(parameters, 'LogGroupName')}</logGroupName>"
            f"<logFormat>{ec2._p(parameters, 'LogFormat') or DEFAULT_FORMAT}</logFormat>"
            f"<maxAggregationInterval>{ec2._p(parameters, 'MaxAggregationInterval') or 600}</maxAggregationInterval>"
        )
    return answer


def _describe_whole(parameters):
    status, headers, body = _describe(parameters)
    shown = text(body)
    for identifier, kept in _kept.items():
        shown = shown.replace(f"<flowLogId>{identifier}</flowLogId>", f"<flowLogId>{identifier}</flowLogId>{kept}")
    return status, without_length(headers), shown.encode()


ec2._create_flow_logs = ec2._ACTION_MAP["CreateFlowLogs"] = _create_remembering
ec2._describe_flow_logs = ec2._ACTION_MAP["DescribeFlowLogs"] = _describe_whole
