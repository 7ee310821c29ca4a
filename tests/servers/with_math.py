"""ministack, taught to keep alarms on metric math.

As it comes, its CloudFormation refuses them and its PutMetricAlarm answers 200 and forgets their metrics. Here both
keep them for DescribeAlarms. It judges them as little as before: without a metric of its own an alarm is passed over.
"""

from ministack.app import main
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

OF_ONE_METRIC = ("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit")
record = provisioners._cw_metric_alarm_record
put = cloudwatch._put_metric_alarm


def on_math(alarm, metrics):
    rest = {name: value for name, value in alarm.items() if name not in OF_ONE_METRIC}
    return {**rest, "Metrics": metrics}


def recorded(name, properties):
    metrics = properties.get("Metrics")
    if not metrics:
        return record(name, properties)
    plain = {key: value for key, value in properties.items() if key != "Metrics"}
    return on_math(record(name, {**plain, "Namespace": "-", "MetricName": "-"}), metrics)


def put_alarm(params, request, *form):
    answer = put(params, request, *form)
    name = (request or {}).get("AlarmName")
    if (request or {}).get("Metrics") and name in cloudwatch._alarms:
        cloudwatch._alarms[name] = on_math(cloudwatch._alarms[name], request["Metrics"])
    return answer


provisioners._cw_metric_alarm_record = recorded
cloudwatch._put_metric_alarm = put_alarm
main()
