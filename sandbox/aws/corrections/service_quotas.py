"""Service Quotas tells the limits that EC2 here enforces.

moto knows networks only, never an applied value, and answers lists with an HTML page.
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetAWSDefaultServiceQuota.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult

from sandbox.aws.cloud import ACCOUNT, REGION
from sandbox.aws.corrections.call import ServiceQuotasCall
from sandbox.aws.quota_table import QUOTAS, SERVICES, Quota

PAGE = 100


class ServiceQuotas(ServiceQuotasCall):
    def get_service_quota(self) -> ActionResult:
        quota = self._quota()
        if not self.cloud.quotas.applied(quota):
            self._unknown()
        return ActionResult({"Quota": self._row(quota, self.cloud.quotas.value(quota))})

    def get_aws_default_service_quota(self) -> ActionResult:
        quota = self._quota()
        return ActionResult({"Quota": self._row(quota, quota.default)})

    def list_service_quotas(self) -> ActionResult:
        known = [quota for quota in self._of_service() if self.cloud.quotas.applied(quota)]
        return self._page([self._row(quota, self.cloud.quotas.value(quota)) for quota in known])

    def list_aws_default_service_quotas(self) -> ActionResult:
        return self._page([self._row(quota, quota.default) for quota in self._of_service()])

    def _of_service(self) -> list[Quota]:
        service = self._get_param("ServiceCode")
        if service not in SERVICES:
            self._unknown()
        return [quota for quota in QUOTAS if quota.service == service]

    def _quota(self) -> Quota:
        code = self._get_param("QuotaCode")
        for quota in self._of_service():
            if quota.code == code:
                return quota
        self._unknown()
        raise AssertionError

    def _unknown(self) -> None:
        self.refuse(
            "NoSuchResourceException",
            "The request failed because the specified service quota does not exist.",
        )

    def _page(self, rows: list[dict[str, Any]]) -> ActionResult:
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or PAGE)
        answer: dict[str, Any] = {"Quotas": rows[start : start + size]}
        if len(rows) > start + size:
            answer["NextToken"] = str(start + size)
        return ActionResult(answer)

    def _row(self, quota: Quota, value: float) -> dict[str, Any]:
        return {
            "ServiceCode": quota.service,
            "ServiceName": SERVICES[quota.service],
            "QuotaArn": f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:{quota.service}/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
