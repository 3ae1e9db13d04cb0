using System.Collections.Immutable;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Model;

/// <summary>
/// Where something was written: file (null for objects from a cluster), 1-based line and column (0: unknown).
/// </summary>
public readonly record struct SourceLocation(string? File, int Line, int Column)
{
    /// <summary>Whether there is a file to name.</summary>
    public bool IsKnown => File is not null;

    /// <summary>file:line:column, or empty.</summary>
    public override string ToString() => File is null ? "" : Line == 0 ? File : $"{File}:{Line}:{Column}";
}

/// <summary>A named container port of a pod: the number a name and a protocol stand for on that pod.</summary>
public readonly record struct NamedPort(string Name, Protocol Protocol, ushort Number);

/// <summary>
/// The workload a pod belongs to: its kind (Deployment, StatefulSet …) and name; a bare pod is its own, kind Pod.
/// </summary>
public readonly record struct Workload(string Kind, string Name);

/// <summary>
/// A pod as policies see it. Pods whose phase is Succeeded or Failed are not in a snapshot: their addresses may be
/// another's.
/// </summary>
public sealed record Endpoint
{
    /// <summary>The pod's namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The pod's name.</summary>
    public required string Name { get; init; }

    /// <summary>The pod's labels.</summary>
    public LabelSet Labels { get; init; } = LabelSet.Empty;

    /// <summary>Every entry of status.podIPs, in order; empty while the pod has none.</summary>
    public ImmutableArray<Address> Addresses { get; init; } = [];

    /// <summary>spec.nodeName, or empty while unscheduled.</summary>
    public string Node { get; init; } = "";

    /// <summary>
    /// Shares its node's network: never a subject or a pod peer, judged by address as the node is (semantics §1.7 b).
    /// </summary>
    public bool HostNetwork { get; init; }

    /// <summary>
    /// Named ports of containers and sidecars, sorted; one name may stand several times with other numbers.
    /// </summary>
    public ImmutableArray<NamedPort> NamedPorts { get; init; } = [];

    /// <summary>The workload it belongs to.</summary>
    public Workload Workload { get; init; }

    /// <summary>Where the pod (or its workload) was written.</summary>
    public SourceLocation Origin { get; init; }

    /// <summary>The address of a family, or null.</summary>
    public Address? AddressOf(AddressFamily family)
    {
        foreach (var address in Addresses)
        {
            if (address.Family == family)
                return address;
        }

        return null;
    }

    /// <summary>Whether nothing about two pods differs, lists compared by what is in them.</summary>
    internal bool IsSame(Endpoint other) => Namespace == other.Namespace && Name == other.Name
        && Labels.Equals(other.Labels) && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan())
        && Node == other.Node && HostNetwork == other.HostNetwork
        && NamedPorts.AsSpan().SequenceEqual(other.NamedPorts.AsSpan()) && Workload == other.Workload
        && Origin == other.Origin;

    /// <summary>namespace/name.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}
