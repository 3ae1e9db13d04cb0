using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// Hands what pods ask their resolvers, and what these answer, to the agent, which learns the addresses of names from
/// it.
/// Only while some policy mentions names and resolvers are known; they decide about no packet.
/// </summary>
/// <remarks>
/// Both see the addresses that the pod itself sees, also where the resolver is a service: queries behind anti-spoofing
/// (-300) and before destination NAT (-100), answers after source NAT (100), where the kernel puts the service's
/// address
/// back into replies, and after gates, so that a dropped answer teaches nothing.
/// </remarks>
internal static class NameRules
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const ushort DnsPort = 53;
    private const string Resolvers = "resolvers";

    /// <summary>The resolvers' addresses; none while nothing is to be learned.</summary>
    public static IEnumerable<NftSet> Sets(NodeSettings settings)
    {
        foreach (var of in settings.Resolvers.GroupBy(address => address.Family).OrderBy(of => of.Key))
        {
            var definition = new SetDefinition($"{Resolvers}{(int)of.Key}", AddressSets.TypeOf(of.Key))
            {
                Comment = "whose answers tell the addresses of domain names",
            };
            yield return new(definition)
            {
                Elements = [.. of.Distinct().Order().Select(address => new Element(AddressSets.KeyOf(address)))],
            };
        }
    }

    /// <summary>The two chains; none while nothing is to be learned.</summary>
    public static ImmutableArray<Chain> Chains(NodeSettings settings)
    {
        if (settings.Resolvers.IsEmpty)
            return [];
        var families = settings.Resolvers.Select(address => (int)address.Family).Distinct().Order().ToList();
        return
        [
            new(Names.NameQueries)
            {
                Base = new("filter", NftHook.Prerouting, -140),
                Comment = "what pods ask: the agent learns addresses of domain names from the answers",
                Rules =
                [
                    .. families.SelectMany(f => Ports(2, port => Rule.Of(
                        Match.InputInterfaceIn(Names.Pods), Match.Destination(f, $"{Resolvers}{f}"), port,
                        Log(settings)))),
                ],
            },
            new(Names.NameAnswers)
            {
                Base = new("filter", NftHook.Postrouting, 150),
                Comment = "what resolvers answer pods",
                Rules =
                [
                    .. families.SelectMany(f => Ports(0, port => Rule.Of(
                        Match.OutputInterfaceIn(Names.Pods), Match.Source(f, $"{Resolvers}{f}"), port,
                        Log(settings)))),
                ],
            },
        ];
    }

    /// <summary>UDP and TCP; the source port is at 0 of both headers, the destination port at 2.</summary>
    private static IEnumerable<Rule> Ports(uint offset, Func<ImmutableArray<Expression>, Rule> rule) =>
        ((byte[])[Udp, Tcp]).Select(protocol => rule(
        [
            .. Match.Protocol(protocol), new Payload(PayloadBase.Transport, offset, 2),
            new Compare(CompareOperator.Equal, NftKey.Port(DnsPort)),
        ]));

    /// <summary>Whole, and each at once.</summary>
    private static ImmutableArray<Expression> Log(NodeSettings settings) =>
        Statement.Log(settings.NamesGroup, queueThreshold: 1);
}
