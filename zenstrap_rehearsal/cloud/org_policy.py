"""Organisation policies, read only: whether a boolean constraint is enforced.

https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest
"""

from __future__ import annotations

from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route

NO_KEYS = "iam.disableServiceAccountKeyCreation"


@route(
    "orgpolicy",
    "GET",
    "v2/projects/{project}/policies/{constraint}:getEffectivePolicy",
    api="orgpolicy.googleapis.com",
    permission="orgpolicy.policy.get",
)
def effective_v2(cloud: Cloud, request: Request) -> JSON:
    project, constraint = cloud.projects[request.parts["project"]], request.parts["constraint"]
    return {
        "name": f"projects/{project.number}/policies/{constraint}",
        "spec": {"rules": [{"enforce": constraint in project.constraints}]},
    }


@route(
    "cloudresourcemanager",
    "POST",
    "v1/projects/{project}:getEffectiveOrgPolicy",
    api="cloudresourcemanager.googleapis.com",
    permission="orgpolicy.policy.get",
)
def effective_v1(cloud: Cloud, request: Request) -> JSON:
    constraint = str(request.body.get("constraint", ""))
    enforced = constraint.removeprefix("constraints/") in (
        cloud.projects[request.parts["project"]].constraints
    )
    return {"constraint": constraint, "booleanPolicy": {"enforced": True} if enforced else {}}
