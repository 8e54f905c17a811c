"""Starts moto for Application Auto Scaling and CloudWatch alarms, which MiniStack lacks or stores wrongly.

    python moto_start.py -H 127.0.0.1 -p PORT

moto expects a scalable target's ECS service in itself, but MiniStack has the service. It also lacks the tag operations
for scalable targets, which the Terraform provider needs. Nothing scales and no alarm fires here.
"""

import json

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend as Backend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as Response
from moto.server import main

_tags = {}
_register_scalable_target = Response.register_scalable_target


def _register(self):
    answer = _register_scalable_target(self)
    arn = json.loads(answer)["ScalableTargetARN"]
    _tags.setdefault(arn, {}).update(self._get_param("Tags") or {})
    return answer


def _list_tags(self):
    return json.dumps({"Tags": _tags.get(self._get_param("ResourceARN"), {})})


def _tag(self):
    _tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags") or {})
    return "{}"


def _untag(self):
    for key in self._get_param("TagKeys") or []:
        _tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
    return "{}"


Backend._ecs_service_exists_for_target = lambda self, resource_id: True
Response.register_scalable_target = _register
Response.list_tags_for_resource, Response.tag_resource, Response.untag_resource = _list_tags, _tag, _untag

if __name__ == "__main__":
    main()
