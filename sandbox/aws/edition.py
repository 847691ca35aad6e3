"""The sandbox's edition of moto: this moto version, with the corrections in front.

moto finds the class that answers a service in that service's `urls` module; putting the corrected class
there is the only change made to moto itself. It happens once in a process, before the first request.
"""

from __future__ import annotations

import warnings
from typing import Any

import moto
import moto.ec2.urls
import moto.ec2.utils
import moto.iam.urls
import moto.secretsmanager.urls
import moto.servicequotas.urls
import moto.ssm.urls
import moto.sts.urls
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox.aws.cloud import Cloud
from sandbox.aws.corrections.authorization import Authorization, SecretAuthorization, StsIdentity
from sandbox.aws.corrections.client_tokens import ClientTokens
from sandbox.aws.corrections.dry_run import DryRun
from sandbox.aws.corrections.ec2_authorization import Ec2Authorization
from sandbox.aws.corrections.elastic_ips import ElasticIps
from sandbox.aws.corrections.iam_names import IamNames
from sandbox.aws.corrections.instance_attributes import InstanceAttributes
from sandbox.aws.corrections.instance_lifecycle import InstanceLifecycle
from sandbox.aws.corrections.instance_profiles import ProfilesAreKnown, ProfilesTakeTime
from sandbox.aws.corrections.interface_attachment import InterfaceAttachment
from sandbox.aws.corrections.late_visibility import LateEc2, LateIam, LateSecrets
from sandbox.aws.corrections.launch_parameters import LaunchParameters
from sandbox.aws.corrections.named_authorization import IamAuthorization, SsmAuthorization
from sandbox.aws.corrections.policy_simulation import PolicySimulation
from sandbox.aws.corrections.quotas import Quotas
from sandbox.aws.corrections.run_command import RunCommand
from sandbox.aws.corrections.secret_deletion import SecretDeletion
from sandbox.aws.corrections.secret_policies import SecretPolicies
from sandbox.aws.corrections.secret_versions import SecretVersions
from sandbox.aws.corrections.service_quotas import ServiceQuotas
from sandbox.aws.corrections.tag_rules import TagRules
from sandbox.aws.corrections.teardown_order import TeardownOrder
from sandbox.aws.corrections.volumes import Volumes

CORRECTED_MOTO = "5.2.5"

# Earlier in a row is asked first.
EC2: tuple[type, ...] = (
    Ec2Authorization,
    LateEc2,
    TagRules,
    DryRun,
    # A repeated create is answered before anything is counted or checked.
    ClientTokens,
    Quotas,
    LaunchParameters,
    ProfilesAreKnown,
    InstanceAttributes,
    InterfaceAttachment,
    TeardownOrder,
    ElasticIps,
    Volumes,
    InstanceLifecycle,
)
IAM: tuple[type, ...] = (IamAuthorization, LateIam, PolicySimulation, IamNames, ProfilesTakeTime)
SECRETS: tuple[type, ...] = (
    SecretAuthorization,
    LateSecrets,
    SecretDeletion,
    SecretPolicies,
    SecretVersions,
)
SERVICE_QUOTAS: tuple[type, ...] = (Authorization, ServiceQuotas)
SSM: tuple[type, ...] = (SsmAuthorization, RunCommand)
STS: tuple[type, ...] = (StsIdentity,)


class WrongMotoError(RuntimeError):
    """The corrections were written against another version of moto."""


def corrected_moto(cloud: Cloud) -> Any:
    """The WSGI application of moto with every correction in place.

    Raises WrongMotoError when the installed moto is not the one the corrections know.
    """
    if moto.__version__ != CORRECTED_MOTO:
        raise WrongMotoError(
            f"moto {moto.__version__} is installed, the sandbox's corrections are for {CORRECTED_MOTO}: "
            "run `make setup`"
        )
    # moto warns of every error code that a service's model does not list, AccessDenied among them.
    warnings.filterwarnings("ignore", message=r"Exception\(Refusal\) with code")
    # moto knows the token of an instance but not the filter; this is its table of filters.
    moto.ec2.utils.filter_dict_attribute_mapping["client-token"] = "client_token"
    for module, name, corrections in (
        (moto.ec2.urls, "Ec2", EC2),
        (moto.iam.urls, "Iam", IAM),
        (moto.secretsmanager.urls, "SecretsManager", SECRETS),
        (moto.servicequotas.urls, "ServiceQuotas", SERVICE_QUOTAS),
        (moto.ssm.urls, "Ssm", SSM),
        (moto.sts.urls, "Sts", STS),
    ):
        corrected: Any = type(name, corrections, {"cloud": cloud})
        module.url_paths = dict.fromkeys(module.url_paths, corrected.dispatch)
    return DomainDispatcherApplication(create_backend_app)
