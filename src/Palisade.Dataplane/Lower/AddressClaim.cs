using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>An address that live pods of several classes claim, and those classes.</summary>
internal sealed record AddressClaim(Address Address, ImmutableArray<EndpointClass> Classes)
{
    /// <summary>Whether both are of the same address and the same classes.</summary>
    public bool Equals(AddressClaim? other) => other is not null && Address == other.Address
        && Classes.AsSpan().SequenceEqual(other.Classes.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Address, Classes.Length);
}
