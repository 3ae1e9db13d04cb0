using System.Collections.Immutable;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Model;

/// <summary>The direction of a connection as seen from the pod that is judged.</summary>
public enum Direction : byte
{
    /// <summary>To the pod.</summary>
    Ingress,

    /// <summary>From the pod.</summary>
    Egress,
}

/// <summary>
/// A NetworkPolicy after defaulting: nothing absent, nothing null (networking.k8s.io/v1; semantics §1.1 and §1.2).
/// </summary>
public sealed record NetworkPolicy
{
    /// <summary>The policy's namespace; only pods of it are subjects.</summary>
    public required string Namespace { get; init; }

    /// <summary>The policy's name.</summary>
    public required string Name { get; init; }

    /// <summary>Which pods of the namespace it selects.</summary>
    public LabelSelector Subject { get; init; } = LabelSelector.Everything;

    /// <summary>policyTypes has Ingress: selected pods are isolated for ingress.</summary>
    public bool IsolatesIngress { get; init; }

    /// <summary>policyTypes has Egress: selected pods are isolated for egress.</summary>
    public bool IsolatesEgress { get; init; }

    /// <summary>Ingress rules as written (they count only if the policy isolates ingress).</summary>
    public ImmutableArray<PolicyRule> Ingress { get; init; } = [];

    /// <summary>Egress rules as written (they count only if the policy isolates egress).</summary>
    public ImmutableArray<PolicyRule> Egress { get; init; } = [];

    /// <summary>Where the policy was written.</summary>
    public SourceLocation Origin { get; init; }

    /// <summary>Whether selected pods are isolated in a direction.</summary>
    public bool Isolates(Direction direction) => direction == Direction.Ingress ? IsolatesIngress : IsolatesEgress;

    /// <summary>The rules of a direction, as written.</summary>
    public ImmutableArray<PolicyRule> Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    /// <summary>namespace/name.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>
/// One rule: peers AND ports. An empty list on either side means every one (an empty or absent from, to, ports).
/// </summary>
public sealed record PolicyRule(
    ImmutableArray<PolicyPeer> Peers, ImmutableArray<PolicyPort> Ports, SourceLocation Origin = default)
{
    /// <summary>No peers listed: everyone, external addresses included.</summary>
    public bool AnyPeer => Peers.IsEmpty;

    /// <summary>No ports listed: every port and every protocol, ICMP included.</summary>
    public bool AnyPort => Ports.IsEmpty;
}

/// <summary>One entry of from or to: pods by selectors, or addresses by block.</summary>
public abstract record PolicyPeer(SourceLocation Origin);

/// <summary>
/// Pods by labels. <paramref name="Namespaces"/> null: the policy's own namespace; otherwise all namespaces whose
/// labels match
/// (the one null of the model: it means "own", which no selector can say).
/// </summary>
public sealed record PodPeer(LabelSelector? Namespaces, LabelSelector Pods, SourceLocation Origin = default)
    : PolicyPeer(Origin);

/// <summary>
/// Addresses in <paramref name="Block"/> and in no block of <paramref name="Except"/>; pods' and nodes' addresses
/// count as any other.
/// </summary>
public sealed record BlockPeer(Cidr Block, ImmutableArray<Cidr> Except, SourceLocation Origin = default)
    : PolicyPeer(Origin)
{
    /// <summary>Whether the address is in the block and not excepted.</summary>
    public bool Contains(Address address)
    {
        if (!Block.Contains(address))
            return false;
        foreach (var except in Except)
        {
            if (except.Contains(address))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(BlockPeer? other) =>
        base.Equals(other) && Block == other.Block && Except.AsSpan().SequenceEqual(other.Except.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Block, Except.Length, Origin);

    /// <summary>10.0.0.0/8, or 10.0.0.0/8 except 10.1.0.0/16,10.2.0.0/16.</summary>
    public override string ToString() => Except.IsEmpty ? $"{Block}" : $"{Block} except {string.Join(',', Except)}";
}

/// <summary>
/// One entry of ports: a protocol (never Other) with every port (First 0, Last 65535), a number, a range, or a
/// container-port name
/// (Name not null; First and Last are then 0).
/// </summary>
public sealed record PolicyPort(
    Protocol Protocol, ushort First, ushort Last, string? Name, SourceLocation Origin = default)
{
    /// <summary>Every port of a protocol.</summary>
    public static PolicyPort All(Protocol protocol, SourceLocation origin = default) =>
        new(protocol, 0, ushort.MaxValue, null, origin);

    /// <summary>One number, or an inclusive range.</summary>
    public static PolicyPort Range(Protocol protocol, ushort first, ushort last, SourceLocation origin = default) =>
        new(protocol, first, last, null, origin);

    /// <summary>A container-port name, resolved on each destination pod.</summary>
    public static PolicyPort Named(Protocol protocol, string name, SourceLocation origin = default) =>
        new(protocol, 0, 0, name, origin);
}
