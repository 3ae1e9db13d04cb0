using System.Collections.Immutable;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// A ClusterNetworkPolicy, or one of its v1alpha1 predecessors, as the model's. It fails closed, as the API asks of
/// an enforcer that meets a peer it does not know:
/// a rule of which any part is not understood is marked so (Accept then matches nothing, Deny and Pass deny all);
/// a policy that is not understood beside its rules counts with its Accept rules dropped and its Pass rules as Deny,
/// for every pod if its subject is what is unknown, first of the Admin tier if its tier is (first of its own if its
/// priority is): that denies all that the policy could have denied, and no more than its rules name.
/// </summary>
internal sealed class ClusterPolicyConvert
{
    private const int LastPriority = 1000;

    // The v1alpha1 baseline has no priority; every ClusterNetworkPolicy of its tier comes first.
    private const int AfterAll = LastPriority + 1;

    private readonly WireObject _policy;
    private readonly KindSchema _kind;
    private readonly string? _file;
    private readonly ICollection<Diagnostic> _diagnostics;
    private bool _closed;

    private ClusterPolicyConvert(
        WireObject policy, KindSchema kind, string? file, ICollection<Diagnostic> diagnostics)
    {
        _policy = policy;
        _kind = kind;
        _file = file;
        _diagnostics = diagnostics;
    }

    public static ClusterNetworkPolicy? Convert(
        WireObject value, KindSchema kind, string? file, ICollection<Diagnostic> diagnostics) =>
        ClusterConvert.Name(value).Length == 0 ? null
            : new ClusterPolicyConvert(value, kind, file, diagnostics).Policy();

    private ClusterNetworkPolicy Policy()
    {
        var schema = _kind.Custom!["spec"]!;
        var rules = _policy["spec"] as WireObject ?? new WireObject([], _policy.At);
        var (head, problem) = Understand(new("spec", rules.Without("ingress").Without("egress"), rules.At), schema);
        var subject = Subject(new Place("spec", rules, rules.At)["subject"], schema["subject"]!, ref problem);
        if (problem is not null)
        {
            _closed = true;
            Report("spec", $"is not understood ({problem.Value.Text}); the policy denies what its Deny and Pass rules "
                + "name and accepts nothing", problem.Value.At);
        }

        var tier = TierOf(head);
        return new()
        {
            Name = ClusterConvert.Name(_policy),
            Kind = Enum.Parse<PolicyKind>(_kind.Kind),
            Tier = tier ?? ClusterTier.Admin,
            Priority = PriorityOf(head, tier),
            Subject = subject ?? ClusterPeers.EveryPod,
            Ingress = Rules(rules, "ingress", schema),
            Egress = Rules(rules, "egress", schema),
            Origin = At(_policy.At),
        };
    }

    private static ClusterPods? Subject(
        Place written, CustomSchema schema, ref (string Text, Position At)? problem)
    {
        if (!written.IsPresent)
            return null;
        var (subject, own) = Understand(written, schema);
        own ??= Problem(causes => ClusterPolicyWarnings.Subject(subject, causes));
        problem ??= own;
        return own is null ? ClusterPeers.Pods(subject) : null;
    }

    private ClusterTier? TierOf(Place head) => _kind.Kind switch
    {
        "AdminNetworkPolicy" => ClusterTier.Admin,
        "BaselineAdminNetworkPolicy" => ClusterTier.Baseline,
        _ => head["tier"].Text switch { "Admin" => ClusterTier.Admin, "Baseline" => ClusterTier.Baseline, _ => null },
    };

    private int PriorityOf(Place head, ClusterTier? tier)
    {
        if (tier is null)
            return 0;
        if (_kind.Kind == "BaselineAdminNetworkPolicy")
            return AfterAll;
        return head["priority"] is { Value: WireNumber, Number: >= 0 and <= LastPriority } given
            ? (int)given.Number
            : 0;
    }

    private ImmutableArray<ClusterRule> Rules(WireObject spec, string direction, CustomSchema schema)
    {
        if (spec[direction] is not { } given || given is WireNull)
            return [];
        if (given is not WireArray list)
        {
            Report($"spec.{direction}", "is not a list; it denies everything", given.At);
            return [DenyAll(given.At)];
        }

        return
        [
            .. new Place($"spec.{direction}", list, list.At).Items()
                .Select(rule => Rule(rule, schema[direction]!.Items!)).OfType<ClusterRule>(),
        ];
    }

    private ClusterRule? Rule(Place written, CustomSchema schema)
    {
        var (rule, problem) = Understand(written, schema);
        problem ??= Problem(causes => ClusterPolicyWarnings.Rule(rule, causes));
        ImmutableArray<ClusterPeer> peers = problem is null
            ? [.. rule["from"].Items().Concat(rule["to"].Items()).Select(peer => ClusterPeers.Peer(peer, At(peer.At)))]
            : [];
        // A range that ends before it starts: only the CEL rule knew it.
        var entries = problem is null ? ClusterPeers.Ports(rule, At) : [];
        if (entries is null)
            problem = ($"{rule.Path} has a range that ends before it starts", rule.At);
        var action = rule["action"].Text switch
        {
            "Accept" or "Allow" => ClusterAction.Accept,
            "Pass" => ClusterAction.Pass,
            _ => ClusterAction.Deny,
        };
        if (problem is { } what)
        {
            var means = action == ClusterAction.Accept ? "the rule matches nothing" : "the rule denies everything";
            Report(rule.Path, $"is not understood ({what.Text}); {means}", what.At);
        }

        if (_closed && action == ClusterAction.Accept)
            return null;
        return new()
        {
            Name = rule["name"].Text,
            Action = _closed ? ClusterAction.Deny : action,
            Peers = problem is null ? peers : [],
            Protocols = problem is null ? entries!.Value : [],
            NotUnderstood = problem is not null,
            Origin = At(rule.At),
        };
    }

    private ClusterRule DenyAll(Position at) =>
        new() { Action = ClusterAction.Deny, NotUnderstood = true, Origin = At(at) };

    // The part as its schema prunes it, and the first thing about it that is not understood.
    private static (Place Pruned, (string Text, Position At)? Problem) Understand(Place written, CustomSchema schema)
    {
        var (pruned, errors) = CustomDecode.Part(written.Value!, schema, written.Path);
        var place = written with { Value = pruned };
        return errors.IsEmpty
            ? (place, Problem(causes => CustomValidation.CheckMeaning(place, schema, causes)))
            : (place, (errors[0].Message, errors[0].At));
    }

    private static (string Text, Position At)? Problem(Action<CauseList> check)
    {
        var causes = new CauseList();
        check(causes);
        return causes.Count == 0 ? null : (causes.ToImmutable()[0].ToString(), causes.ToImmutable()[0].At);
    }

    private SourceLocation At(Position at) => ClusterConvert.At(_file, at);

    private void Report(string path, string text, Position at) => _diagnostics.Add(new(
        "PL-D016",
        Severity.Warning,
        $"{path} {text}",
        At(at),
        $"correct it, or upgrade Palisade if {_kind.ApiVersion} has it",
        $"{_kind.Kind} {ClusterConvert.Name(_policy)}"));
}
