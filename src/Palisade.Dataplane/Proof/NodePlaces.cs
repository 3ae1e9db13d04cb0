using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>Where packets come in and go out at a node, and which addresses are whose.</summary>
/// <param name="Uplinks">Interfaces that lead out, without the loopback.</param>
/// <param name="Links">Each pod interface, with the addresses that may come from it.</param>
/// <param name="LocalAddresses">All addresses of pods of the node.</param>
/// <param name="Own">The node's own addresses.</param>
/// <param name="Announced">Those of them that its Node object names.</param>
internal sealed record NodePlaces(
    ImmutableArray<string> Uplinks, ImmutableSortedDictionary<string, ImmutableArray<Address>> Links,
    ImmutableHashSet<Address> LocalAddresses, ImmutableArray<Address> Own, ImmutableArray<Address> Announced)
{
    /// <summary>Each bridge that pods are ports of, with their addresses.</summary>
    public required ImmutableSortedDictionary<string, ImmutableArray<Address>> Bridges { get; init; }

    private static readonly Address[] Services = [Address.Parse("198.18.73.1"), Address.Parse("2001:2:0:7301::1")];

    // TEST-NET-2 and a documentation prefix: nobody's.
    private static readonly Address[] Nobody = [Address.Parse("198.51.100.77"), Address.Parse("2001:db8:7301::77")];

    public static NodePlaces Of(
        PodInterfaces interfaces, IEnumerable<Address> local, IEnumerable<Address> own,
        ImmutableArray<Address> announced) => new(
        [.. interfaces.Uplinks.Where(name => name != "lo")], Behind(interfaces.Pods, interfaces),
        [.. local], [.. own.Concat(announced).Distinct().Order()], announced)
        {
            Bridges = Behind(interfaces.Bridged.Names, interfaces),
        };

    private static ImmutableSortedDictionary<string, ImmutableArray<Address>> Behind(
        ImmutableArray<string> names, PodInterfaces interfaces) => names.ToImmutableSortedDictionary(
        name => name,
        name => interfaces.Sources.Where(source => source.Interface == name).Select(source => source.Address)
            .ToImmutableArray(),
        StringComparer.Ordinal);

    /// <summary>The address of a service that packets were sent to before they were sent here.</summary>
    public Address? ServiceOf(PacketSpace space) => Services.Single(address => address.Family == space.Family);

    /// <summary>What source NAT makes of sources.</summary>
    public Address? NodeOf(PacketSpace space)
    {
        foreach (var address in Own)
        {
            if (address.Family == space.Family && FixedClaims.IsReachable(address))
                return address;
        }

        return null;
    }

    /// <summary>An address beyond the node.</summary>
    public static Address Beyond(PacketSpace space) => Nobody.Single(address => address.Family == space.Family);

    public static IEnumerable<Address> MadeUp => [.. Services, .. Nobody];
}
