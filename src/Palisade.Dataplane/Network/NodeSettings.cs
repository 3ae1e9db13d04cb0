using System.Collections.Immutable;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Network;

/// <summary>What the agent does about a connection that no policy allows.</summary>
public enum EnforcementMode : byte
{
    /// <summary>Drops it, and counts it.</summary>
    Enforce,

    /// <summary>Only counts it: for a look at what policies would do before they do it.</summary>
    Observe,
}

/// <summary>What the administrator of a node decides.</summary>
public sealed record NodeSettings
{
    /// <summary>
    /// Interfaces that lead out of the node, beside those that are found (see <see cref="NodeNetwork"/>).
    /// </summary>
    public ImmutableArray<string> Uplinks { get; init; } = [];

    /// <summary>Enforce, or only count.</summary>
    public EnforcementMode Mode { get; init; } = EnforcementMode.Enforce;

    /// <summary>
    /// Whether TCP connections that conntrack has not seen begin are let in: only just after a first install, when it
    /// has seen none. Otherwise gates drop them.
    /// </summary>
    public bool AdmitsMidstream { get; init; }

    /// <summary>The log group (nflog) that what is dropped is told to; 0: none is.</summary>
    /// <remarks>7254 is PALI on a telephone's keys; ulogd, Calico and kube-router use 0 to 100.</remarks>
    public ushort LogGroup { get; init; } = 7254;

    /// <summary>
    /// Whose answers tell the addresses of domain names, where pods ask them at port 53; empty while no policy mentions
    /// names, and then nothing is listened to.
    /// </summary>
    public ImmutableArray<Address> Resolvers { get; init; } = [];

    /// <summary>The log group (nflog) that such queries and answers are handed to.</summary>
    public ushort NamesGroup { get; init; } = 7255;
}
