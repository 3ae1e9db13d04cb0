using System.Collections.Immutable;
using CsCheck;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>
/// What may happen next in a cluster: objects of every kind come, change in one respect, change in all, stay as they
/// are, or go; alone or several at once. Few keys, values and names, so that most of it matters, and few policies, so
/// that one is often the first or the last to mention something.
/// </summary>
internal sealed class RandomEvents(ClusterModel model, EventShape shape, ulong seed)
{
    private const int NodeNames = 4;

    private static readonly ImmutableArray<string> Namespaces = ["blue", "green", "red", "gray", "black"];
    private static readonly ImmutableArray<string> Keys = ["app", "tier", "k", "other"];
    private static readonly ImmutableArray<string> Values = ["", "a", "b", "c", "d"];

    private static readonly ImmutableArray<string> DomainNames =
        ["a.example.com", "A.EXAMPLE.com.", "b.c.example.com", "example.com", "myexample.com", "example.org", "com"];

    private readonly PCG _random = new(7, seed);
    private readonly RandomEdits _edits = new(shape.Cluster, new PCG(8, seed));

    /// <summary>One event, or several that come as one.</summary>
    public ImmutableArray<Event> Next() => Below(12) switch
    {
        0 => [.. Enumerable.Range(0, 2 + Below(5)).Select(_ => One())],
        1 when Below(3) == 0 => Together(),
        _ => [One()],
    };

    private Event One() => Below(26) switch
    {
        < 9 => OfPod(),
        < 12 => OfNamespace(),
        < 18 => OfPolicy(),
        < 22 => OfClusterPolicy(),
        < 24 => OfNode(),
        24 => OfDomainName(),
        _ => OfService(),
    };

    private ImmutableArray<Event> Together()
    {
        switch (Below(6))
        {
            case 0:
                var ns = Pick(Namespaces);
                return Shuffled(
                [
                    Event.RemoveNamespace(ns),
                    .. model.Pods.Keys.Where(p => p.Namespace == ns).Select(p => Event.RemovePod(p.Namespace, p.Name)),
                    .. model.Policies.Keys.Where(p => p.Namespace == ns)
                        .Select(p => Event.RemovePolicy(p.Namespace, p.Name)),
                ]);
            case 1:
                // Gone and back within one batch is as if nothing had happened.
                return model.Pods.Count == 0
                    ? []
                    : [.. Some(model.Pods.Values).SelectMany(p =>
                        new[] { Event.RemovePod(p.Namespace, p.Name), Event.Put(p with { }) })];
            case 2:
                return [.. model.Policies.Values.SelectMany(p =>
                    new[] { Event.RemovePolicy(p.Namespace, p.Name), Event.Put(_edits.Change(p)) })];
            case 3:
                // What nobody mentions for a moment, and what changes in that moment.
                return
                [
                    .. model.ClusterPolicies.Keys.Select(Event.RemoveClusterPolicy),
                    OfNode(), OfDomainName(), OfPod(), OfNamespace(), OfNode(), OfDomainName(),
                    .. model.ClusterPolicies.Values.Select(p => Event.Put(Below(3) == 0 ? _edits.Change(p) : p)),
                ];
            case 4:
                return
                [
                    .. model.Policies.Keys.Select(p => Event.RemovePolicy(p.Namespace, p.Name)),
                    OfPod(), OfNamespace(), OfPod(), OfNamespace(), OfPod(),
                    .. model.Policies.Values.Select(p => Event.Put(Below(3) == 0 ? _edits.Change(p) : p)),
                ];
            default:
                return Shuffled([.. Event.Of(model.ToSnapshot()).Where(_ => Below(4) == 0), OfPod(), OfPolicy()]);
        }
    }

    private Event OfPod()
    {
        var limit = model.Pods.Count < shape.Pods ? 4 : 1;
        if (model.Pods.Count == 0 || Below(10) < limit)
            return Event.Put(NewPod());
        var pod = Pick(model.Pods.Values);
        return Below(10) switch
        {
            < 3 => Event.RemovePod(pod.Namespace, pod.Name),
            3 => Event.RemovePod(pod.Namespace, "nobody"),
            _ => Event.Put(_edits.Change(pod)),
        };
    }

    private Endpoint NewPod()
    {
        var pod = _edits.Draw(RandomClusters.PodAt(shape.Cluster, NodeNames - 1, Below(shape.Pods + 2)));
        return Below(6) == 0 ? pod with { Namespace = Pick(Namespaces) } : pod;
    }

    private Event OfNamespace()
    {
        var name = Pick(Namespaces);
        var labels = _edits.Draw(RandomClusters.NamespaceLabels);
        return Below(8) switch
        {
            0 or 1 => Event.RemoveNamespace(name),
            // As it is, but not the same object.
            2 => Event.Put(new Namespace(name, LabelSet.Of(model.LabelsOf(name).Pairs))),
            3 => Event.Put(new Namespace(name, model.LabelsOf(name).With(Pick(["team", "k", "other"]), Pick(Values)))),
            // No namespace can say that it has another name.
            4 => Event.Put(new Namespace(name, labels.With(ClusterSnapshot.NameLabel, Pick(Namespaces)))),
            _ => Event.Put(new Namespace(name, labels)),
        };
    }

    private Event OfPolicy()
    {
        if (model.Policies.Count == 0 || (model.Policies.Count < shape.Cluster.MaxPolicies && Below(3) == 0))
        {
            var policy = _edits.Draw(RandomClusters.Policy(shape.Cluster, NodeNames - 1));
            policy = policy with { Name = $"p{Below(9)}" };
            return Event.Put(Below(6) == 0 ? policy with { Namespace = Pick(Namespaces) } : policy);
        }

        var known = Pick(model.Policies.Values);
        return Below(10) switch
        {
            < 3 => Event.RemovePolicy(known.Namespace, known.Name),
            3 => Event.RemovePolicy(known.Namespace, "nothing"),
            _ => Event.Put(_edits.Change(known)),
        };
    }

    private Event OfClusterPolicy()
    {
        var most = shape.Cluster.MaxClusterPolicies;
        if (model.ClusterPolicies.Count == 0 || (model.ClusterPolicies.Count < most && Below(3) == 0))
        {
            // Without tiers in the shape they come all the same, but seldom stay.
            return most == 0 && Below(8) > 0
                ? Event.RemoveClusterPolicy("c0")
                : Event.Put(_edits.NewClusterPolicy() with { Name = $"c{Below(most + 2)}" });
        }

        var known = Pick(model.ClusterPolicies.Values);
        return Below(10) switch
        {
            < 3 => Event.RemoveClusterPolicy(known.Name),
            3 => Event.RemoveClusterPolicy("nothing"),
            _ => Event.Put(_edits.Change(known)),
        };
    }

    private Event OfNode()
    {
        var number = 1 + Below(NodeNames);
        var name = $"n{number}";
        if (!model.Nodes.TryGetValue(name, out var known) || Below(6) == 0)
        {
            var addresses = shape.Cluster.Families.Select(family => RandomClusters.NodeAddress(family, number));
            known = new(name, LabelSet.Empty, [.. addresses]);
        }

        return Below(10) switch
        {
            0 or 1 => Event.RemoveNode(name),
            2 => Event.Put(known with { Labels = LabelSet.Of(known.Labels.Pairs), Addresses = [.. known.Addresses] }),
            3 => Event.Put(known with { Addresses = Below(2) == 0 ? [] : [.. known.Addresses.Take(1)] }),
            4 => Event.Put(known with { Addresses = [.. known.Addresses, Address.Parse($"192.168.51.{Below(3)}")] }),
            _ => Event.Put(known with { Labels = known.Labels.With(Pick(Keys), Pick(Values)) }),
        };
    }

    private Event OfDomainName()
    {
        var name = Pick(DomainNames);
        if (Below(4) == 0)
            return Event.RemoveName(name);
        var all = RandomClusterPolicies.Domains(shape.Cluster).SelectMany(known => known.Addresses).ToImmutableArray();
        return Event.Put(new DomainName(name, [.. Some(all)]));
    }

    private Event OfService()
    {
        var (ns, name) = (Pick(Namespaces), $"s{Below(3)}");
        var selector = Below(3) == 0 ? null : _edits.Draw(RandomClusters.PodSelector);
        return Below(3) == 0
            ? Event.RemoveService(ns, name)
            : Event.Put(new Service(ns, name, selector, [Address.Parse($"10.96.0.{Below(9)}")],
                [new("web", Protocol.Tcp, 80, 8080, null)]));
    }

    private ImmutableArray<Event> Shuffled(ImmutableArray<Event> events) => [.. events.OrderBy(_ => Below(1 << 20))];

    private IEnumerable<T> Some<T>(IReadOnlyCollection<T> items) => items.Where(_ => Below(3) == 0).ToList();

    private T Pick<T>(IReadOnlyCollection<T> items) => items.ElementAt(Below(items.Count));

    private int Below(int limit) => (int)_random.Next((uint)limit);
}

/// <summary>How large a cluster of events is and how often it is looked at.</summary>
internal sealed record EventShape
{
    public required ClusterShape Cluster { get; init; }

    /// <summary>So many pods or a few more.</summary>
    public int Pods => Cluster.MaxPods;

    /// <summary>How many events, or batches of them, a sequence has.</summary>
    public required int Steps { get; init; }

    /// <summary>After so many steps everything is compared.</summary>
    public required int Every { get; init; }

    /// <summary>So many connections are judged whenever everything is compared.</summary>
    public required int Probes { get; init; }
}
