using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>The answer for one connection.</summary>
public enum Verdict : byte
{
    /// <summary>The connection is stopped.</summary>
    Deny,

    /// <summary>The connection is let through.</summary>
    Allow,
}

/// <summary>What an end of a connection is.</summary>
public enum PartyKind : byte
{
    /// <summary>An address that belongs to no pod and no node.</summary>
    External,

    /// <summary>A pod with a network of its own.</summary>
    Pod,

    /// <summary>A node, or a hostNetwork pod, which is its node to policies.</summary>
    Node,
}

/// <summary>One end of a connection, in one address family. Made by <see cref="Parties"/>.</summary>
public readonly record struct Party
{
    internal Party(PartyKind kind, int endpoint, string node, AddressFamily family, Address? address) =>
        (Kind, Endpoint, Node, Family, Address) = (kind, endpoint, node, family, address);

    /// <summary>What it is.</summary>
    public PartyKind Kind { get; }

    /// <summary>For a pod: its index in the snapshot's endpoints. -1 for others.</summary>
    public int Endpoint { get; }

    /// <summary>For a node its name; for a pod the node it runs on; empty when unknown or external.</summary>
    public string Node { get; }

    /// <summary>The address family of the connection.</summary>
    public AddressFamily Family { get; }

    /// <summary>Its address; null when the pod or node has none of this family, then no block contains it.</summary>
    public Address? Address { get; }

    /// <summary>The class of a pod; -1 for others.</summary>
    internal int ClassIn(CompiledPolicy policy) => Kind == PartyKind.Pod ? policy.ClassOf(Endpoint) : -1;
}

/// <summary>
/// One connection: from, to, protocol, destination port after any DNAT (0 for <see cref="Protocol.Other"/>).
/// </summary>
public readonly record struct Connection(Party From, Party To, Protocol Protocol, ushort Port)
{
    /// <summary>
    /// Made to a Service's address. A pod that comes back to itself that way is subject to ClusterNetworkPolicies.
    /// </summary>
    public bool ThroughService { get; init; }
}
