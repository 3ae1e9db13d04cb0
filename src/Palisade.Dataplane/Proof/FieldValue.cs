using System.Collections.Immutable;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;

namespace Palisade.Dataplane.Proof;

/// <summary>What a field of a scene's packet is, as far as it is known.</summary>
internal abstract record FieldValue
{
    /// <summary>The value with its bytes changed.</summary>
    public virtual FieldValue Map(Func<byte[], byte[]> change) => this;
}

/// <summary>The same bytes for all packets.</summary>
internal sealed record KnownBytes(byte[] Bytes) : FieldValue
{
    public override FieldValue Map(Func<byte[], byte[]> change) => new KnownBytes(change(Bytes));
}

/// <summary>Bytes that the flow says; null: the flow does not say.</summary>
internal sealed record BytesOfFlow(Func<Flow, byte[]?> Of) : FieldValue
{
    /// <summary>Whether all packets of a flow have these bytes, in this scene; in another they may be others.</summary>
    public bool IsExact { get; init; }

    /// <summary>A flow stands for a range of ports, of which a mask makes more than one value.</summary>
    public override FieldValue Map(Func<byte[], byte[]> change) => IsExact
        ? new BytesOfFlow(flow => Of(flow) is { } bytes ? change(bytes) : null) { IsExact = true }
        : new UnknownValue("masked bytes of the flow");
}

/// <summary>Bytes that the open address says, equal for some atoms.</summary>
internal sealed record BytesOfAtoms(ImmutableArray<(byte[] Bytes, Bits Atoms)> Values) : FieldValue
{
    public override FieldValue Map(Func<byte[], byte[]> change) =>
        new BytesOfAtoms([.. Values.Select(value => (change(value.Bytes), value.Atoms))]);
}

/// <summary>The open address, or its beginning, or its prefix.</summary>
internal sealed record OpenAddress(Field Field) : FieldValue;

/// <summary>The number of an interface: zero when there is none, otherwise some other.</summary>
internal sealed record IndexOf(bool Exists) : FieldValue;

/// <summary>Cannot be loaded: the rule ends there.</summary>
internal sealed record Absent : FieldValue;

/// <summary>Nobody here knows.</summary>
internal sealed record UnknownValue(string What) : FieldValue;
