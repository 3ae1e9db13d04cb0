using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Manifests.Tests;

/// <summary>A PolicyTest document (palisade.dev/v1): probes with the verdicts they expect.</summary>
/// <param name="Name">metadata.name, or the file's name.</param>
/// <param name="Probes">The probes in the order written; those that could not be read are not among them.</param>
/// <param name="Names">dns: what names resolve to, for domainNames peers.</param>
public sealed record PolicyTest(
    string Name, ImmutableArray<PolicyProbe> Probes, ImmutableDictionary<string, ImmutableArray<Address>> Names);

/// <summary>One probe: a connection and the verdict it expects.</summary>
/// <param name="From">The source as written: ns/pod, ns/Kind/name, ip:ADDR, node:NAME, svc:ns/name.</param>
/// <param name="To">The destination as written.</param>
/// <param name="Protocol">TCP when absent; Other stands for ICMP.</param>
/// <param name="Port">A number or a container-port name; empty for ICMP, which has none.</param>
/// <param name="Family">The addresses to use: IPv4 when absent.</param>
/// <param name="ExpectAllow">Whether the connection should pass.</param>
/// <param name="Origin">Where the probe was written.</param>
public sealed record PolicyProbe(
    string From, string To, Protocol Protocol, string Port, AddressFamily Family, bool ExpectAllow,
        SourceLocation Origin);
