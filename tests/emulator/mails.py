"""E-mail subscriptions are pending until somebody confirms them, and expire otherwise (2:21)."""

from typing import Any, Callable

from behaviours import on
from ministack.services import sns
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]

SUBSCRIPTION = "AWS::SNS::Subscription"


def _set(subscription: Json, confirmed: bool) -> None:
    subscription["confirmed"] = confirmed
    subscription["attributes"]["PendingConfirmation"] = "false" if confirmed else "true"


def _subscribed(before: set[str]) -> None:
    """Mark the e-mail subscriptions that were just created as pending."""
    for topic in sns._topics.values():
        for one in topic["subscriptions"]:
            if one["arn"] not in before and one["protocol"] == "email" and on("mails-unconfirmed"):
                _set(one, False)
        sns._refresh_subscription_counts(topic)


def _watching(make: Callable[..., tuple]) -> Callable[..., tuple]:
    def run(*arguments: Any) -> tuple:
        before = {one["arn"] for topic in sns._topics.values() for one in topic["subscriptions"]}
        made = make(*arguments)
        _subscribed(before)
        return made

    return run


def _counting(answer: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    def run(params: Json) -> tuple:
        # ministack does not count subscriptions that CloudFormation creates and deletes.
        for topic in sns._topics.values():
            sns._refresh_subscription_counts(topic)
        return answer(params)

    return run


def _hiding(answer: Callable[[Json], tuple]) -> Callable[[Json], tuple]:
    """Hide the ARN of subscriptions that are not confirmed."""

    def run(params: Json) -> tuple:
        status, headers, body = answer(params)
        for topic in sns._topics.values():
            for one in topic["subscriptions"]:
                if not one["confirmed"]:
                    body = body.replace(one["arn"].encode(), b"PendingConfirmation")
        return status, headers, body

    return run


def confirm(body: Json) -> int:
    """``POST /_test/mails``: confirms all e-mail subscriptions of a topic, or lets them expire."""
    count = 0
    for topic in sns._topics._data.values():
        for one in topic["subscriptions"] if topic["arn"] == body["topic"] else ():
            if one["protocol"] == "email":
                _set(one, bool(body["confirmed"]))
                count += 1
    return count


def install() -> None:
    sns._subscribe = _watching(sns._subscribe)
    sns._get_topic_attributes = _counting(sns._get_topic_attributes)
    sns._list_subscriptions_by_topic = _hiding(sns._list_subscriptions_by_topic)
    sns._list_subscriptions = _hiding(sns._list_subscriptions)
    handler = provisioners._RESOURCE_HANDLERS[SUBSCRIPTION]
    provisioners._RESOURCE_HANDLERS[SUBSCRIPTION] = {**handler, "create": _watching(handler["create"])}
