"""What address ranges take in together."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

# Half of all IPv4 addresses, and half of the global ones of IPv6.
_MOST = {4: 2**31, 6: 2**124}
_GLOBAL_IPV6 = IPv6Network("2000::/3")
# Ranges of private networks. Left out are those of documentation, since examples have them, and that of one machine,
# from which the local accounts are called.
_PRIVATE = [
    ip_network(each)
    for each in (
        "10.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
]


def network(value: str) -> IPv4Network | IPv6Network | None:
    """Return an address or range as a network; None for anything else."""
    try:
        return ip_network(value, strict=False)
    except ValueError:
        return None


def is_private(value: str) -> bool:
    """Return whether all of a range is private."""
    given = network(value)
    return given is not None and any(
        each.version == given.version and given.subnet_of(each)  # type: ignore[arg-type]
        for each in _PRIVATE
    )


def are_nearly_all(values: Iterable[str]) -> bool:
    """Return whether ranges together take in most addresses of IPv4, or most of IPv6."""
    networks = [each for each in map(network, values) if each]
    of_four = collapse_addresses(each for each in networks if isinstance(each, IPv4Network))
    of_six = collapse_addresses(
        _GLOBAL_IPV6 if each.supernet_of(_GLOBAL_IPV6) else each
        for each in networks
        if isinstance(each, IPv6Network) and each.overlaps(_GLOBAL_IPV6)
    )
    return any(
        sum(each.num_addresses for each in together) >= _MOST[version]
        for version, together in ((4, of_four), (6, of_six))
    )
