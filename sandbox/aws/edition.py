"""The sandbox's edition of moto: this moto version, with the corrections in front.

moto finds the class that answers a service in that service's `urls` module; putting the corrected class
there is the only change made to moto itself. It happens once in a process, before the first request.
"""

from __future__ import annotations

from typing import Any

import moto
import moto.ec2.urls
import moto.iam.urls
import moto.secretsmanager.urls
import moto.ssm.urls
import moto.sts.urls
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox.aws.cloud import Cloud
from sandbox.aws.corrections.call import IamCall, SecretsCall, StsCall
from sandbox.aws.corrections.elastic_ips import ElasticIps
from sandbox.aws.corrections.instance_lifecycle import InstanceLifecycle
from sandbox.aws.corrections.run_command import RunCommand

CORRECTED_MOTO = "5.2.5"

# Earlier in a row is asked first.
EC2: tuple[type, ...] = (ElasticIps, InstanceLifecycle)
IAM: tuple[type, ...] = (IamCall,)
SECRETS: tuple[type, ...] = (SecretsCall,)
SSM: tuple[type, ...] = (RunCommand,)
STS: tuple[type, ...] = (StsCall,)


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
    for module, name, corrections in (
        (moto.ec2.urls, "Ec2", EC2),
        (moto.iam.urls, "Iam", IAM),
        (moto.secretsmanager.urls, "SecretsManager", SECRETS),
        (moto.ssm.urls, "Ssm", SSM),
        (moto.sts.urls, "Sts", STS),
    ):
        corrected: Any = type(name, corrections, {"cloud": cloud})
        module.url_paths = dict.fromkeys(module.url_paths, corrected.dispatch)
    return DomainDispatcherApplication(create_backend_app)
