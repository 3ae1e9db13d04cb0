using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Benchmarks.Incremental;

/// <summary>
/// Changes of a cluster of a size shape, one object each, and the objects as they are after them. Equal seeds give
/// equal changes.
/// </summary>
internal sealed class ClusterChanges
{
    private const int Teams = 40;

    private static readonly string[] Stages = ["prod", "staging", "dev"];

    private readonly Random _random = new(1);
    private readonly List<Endpoint> _pods;
    private readonly Namespace[] _namespaces;
    private readonly List<NetworkPolicy> _policies;
    private readonly ClusterNetworkPolicy[] _clusterPolicies;
    private readonly Queue<Endpoint> _added = new();
    private readonly Queue<NetworkPolicy> _addedPolicies = new();
    private readonly int _nodes;
    private bool _forAll, _mention;
    private int _next;

    public ClusterChanges(ClusterSnapshot snapshot)
    {
        _pods = [.. snapshot.Endpoints];
        _namespaces = [.. snapshot.Namespaces];
        _policies = [.. snapshot.NetworkPolicies];
        _clusterPolicies = [.. snapshot.ClusterNetworkPolicies];
        _nodes = snapshot.Nodes.Length;
    }

    /// <summary>
    /// The shape's cluster with four policies of two tiers, each for one team, which it has none of.
    /// </summary>
    public static ClusterSnapshot WithTiers(ClusterSnapshot snapshot) => snapshot with
    {
        ClusterNetworkPolicies =
        [
            Tier("c0-quarantine", ClusterTier.Admin, 3, ClusterAction.Deny,
                new ClusterPodPeer(new(Equal("team", "team-7"), LabelSelector.Everything)), ingress: true),
            Tier("c1-nodes", ClusterTier.Admin, 5, ClusterAction.Accept, new NodesPeer(LabelSelector.Everything)),
            Tier("c2-outside", ClusterTier.Baseline, 9, ClusterAction.Deny,
                new NetworksPeer([Cidr.Parse("203.0.113.0/24")])),
            Tier("c3-own-stage", ClusterTier.Admin, 11, ClusterAction.Pass,
                new ClusterPodPeer(new(Equal("stage", "prod"), LabelSelector.Everything)), ingress: true),
        ],
    };

    /// <summary>One more pod of a workload, of which the nodes have had some before.</summary>
    public ClusterChange AddPod()
    {
        var number = _next++;
        var pod = Any(_pods) with
        {
            Name = $"new-{number}",
            Addresses = [new(AddressFamily.V4, (UInt128)((100u << 24) + (uint)number))],
        };
        _added.Enqueue(pod);
        return ClusterChange.Put(pod);
    }

    /// <summary>A pod of before gets the application label of another; often one that policies tell apart.</summary>
    public ClusterChange RelabelPod()
    {
        var at = _random.Next(_pods.Count);
        var other = Any(_pods).Labels.ValueOf("app") ?? "app-0";
        _pods[at] = _pods[at] with { Labels = _pods[at].Labels.With("app", other) };
        return ClusterChange.Put(_pods[at]);
    }

    /// <summary>A pod gets another address.</summary>
    public ClusterChange MovePod()
    {
        var at = _random.Next(_pods.Count);
        var address = new Address(AddressFamily.V4, (UInt128)((101u << 24) + (uint)_next++));
        _pods[at] = _pods[at] with { Addresses = [address] };
        return ClusterChange.Put(_pods[at]);
    }

    /// <summary>One of the added pods goes.</summary>
    public ClusterChange RemovePod()
    {
        var pod = _added.Dequeue();
        return ClusterChange.RemoveEndpoint(pod.Namespace, pod.Name);
    }

    /// <summary>A namespace goes to another stage.</summary>
    public ClusterChange RelabelNamespace()
    {
        var at = _random.Next(_namespaces.Length);
        var stage = Array.IndexOf(Stages, _namespaces[at].Labels.ValueOf("stage"));
        var labels = _namespaces[at].Labels.With("stage", Stages[(stage + 1) % Stages.Length]);
        _namespaces[at] = _namespaces[at] with { Labels = labels };
        return ClusterChange.Put(_namespaces[at]);
    }

    /// <summary>The first rule of a policy gets another port.</summary>
    public ClusterChange EditPorts() => Edit(rule => rule with
    {
        Ports = [PolicyPort.Range(Protocol.Tcp, Port(), ushort.MaxValue)],
    });

    /// <summary>The first rule of a policy gets another peer.</summary>
    public ClusterChange EditPeers() => Edit(rule => rule with
    {
        Peers = _random.Next(4) == 0
            ? [new BlockPeer(new Cidr(new(AddressFamily.V4, (204u << 24) + (uint)_random.Next(4096) * 256), 24), [])]
            : [new PodPeer(Equal("team", $"team-{_random.Next(Teams)}"), Equal("app", $"app-{_random.Next(8)}"))],
    });

    /// <summary>A policy is for the pods of another application of its namespace.</summary>
    public ClusterChange EditSubject()
    {
        var at = _random.Next(_policies.Count);
        _policies[at] = _policies[at] with { Subject = Equal("app", $"app-{_random.Next(8)}") };
        return ClusterChange.Put(_policies[at]);
    }

    /// <summary>One more policy like others of its namespace.</summary>
    public ClusterChange AddPolicy()
    {
        var policy = Any(_policies) with { Name = $"new-{_next++}" };
        _addedPolicies.Enqueue(policy);
        return ClusterChange.Put(policy);
    }

    /// <summary>One of the added policies goes.</summary>
    public ClusterChange RemovePolicy()
    {
        var policy = _addedPolicies.Dequeue();
        return ClusterChange.RemoveNetworkPolicy(policy.Namespace, policy.Name);
    }

    /// <summary>The only rule of a cluster policy gets other ports.</summary>
    public ClusterChange EditClusterPolicy()
    {
        var at = _random.Next(_clusterPolicies.Length);
        ImmutableArray<ClusterPort> ports = [ClusterPort.Range(Protocol.Tcp, Port(), ushort.MaxValue)];
        var policy = _clusterPolicies[at];
        _clusterPolicies[at] = policy with
        {
            Ingress = [.. policy.Ingress.Select(rule => rule with { Protocols = ports })],
            Egress = [.. policy.Egress.Select(rule => rule with { Protocols = ports })],
        };
        return ClusterChange.Put(_clusterPolicies[at]);
    }

    /// <summary>One more node, which is the peer of a rule.</summary>
    public ClusterChange AddNode()
    {
        var number = _nodes + _next++;
        return ClusterChange.Put(new Node(
            $"node-{number}", LabelSet.Of([new("kubernetes.io/hostname", $"node-{number}")]),
            [new(AddressFamily.V4, (UInt128)((172u << 24) + (20u << 16) + (uint)number))]));
    }

    /// <summary>
    /// A cluster policy that is for every pod comes and goes in turn: every class has another gate each time.
    /// </summary>
    public ClusterChange TurnTierForAll()
    {
        _forAll = !_forAll;
        return _forAll
            ? ClusterChange.Put(Tier("all", ClusterTier.Baseline, null, ClusterAction.Deny,
                new NetworksPeer([Cidr.Parse("169.254.0.0/16")])))
            : ClusterChange.RemoveClusterNetworkPolicy("all");
    }

    /// <summary>
    /// A policy begins and ends in turn to mention a label that every pod of a Deployment has and nobody else mentions.
    /// </summary>
    public ClusterChange TurnMention()
    {
        _mention = !_mention;
        return _mention
            ? ClusterChange.Put(_policies[0] with
            {
                Name = "mentions",
                Subject = LabelSelector.Of([new("pod-template-hash", SelectorOperator.Exists, [])]),
            })
            : ClusterChange.RemoveNetworkPolicy(_policies[0].Namespace, "mentions");
    }

    private ClusterChange Edit(Func<PolicyRule, PolicyRule> change)
    {
        var at = _random.Next(_policies.Count);
        // A quarter of them deny all and have no rule to edit.
        while (_policies[at].Ingress.IsEmpty && _policies[at].Egress.IsEmpty)
            at = (at + 1) % _policies.Count;
        var policy = _policies[at];
        _policies[at] = policy.Ingress.IsEmpty
            ? policy with { Egress = policy.Egress.SetItem(0, change(policy.Egress[0])) }
            : policy with { Ingress = policy.Ingress.SetItem(0, change(policy.Ingress[0])) };
        return ClusterChange.Put(_policies[at]);
    }

    private T Any<T>(List<T> items) => items[_random.Next(items.Count)];

    private ushort Port() => (ushort)_random.Next(1, 60_000);

    private static LabelSelector Equal(string key, string value) =>
        LabelSelector.Of([new(key, SelectorOperator.In, [value])]);

    private static ClusterNetworkPolicy Tier(
        string name, ClusterTier tier, int? team, ClusterAction action, ClusterPeer peer, bool ingress = false)
    {
        ImmutableArray<ClusterRule> rules = [new() { Action = action, Peers = [peer] }];
        return new()
        {
            Name = name,
            Tier = tier,
            Priority = team ?? 0,
            Subject = new(
                team is null ? LabelSelector.Everything : Equal("team", $"team-{team}"), LabelSelector.Everything),
            Ingress = ingress ? rules : [],
            Egress = ingress ? [] : rules,
        };
    }
}
