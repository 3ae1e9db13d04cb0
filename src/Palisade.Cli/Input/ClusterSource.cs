using System.Collections.Immutable;
using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Lab.Flows;
using Palisade.Manifests;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Cli.Input;

/// <summary>The cluster a command is about, and what was wrong with its objects.</summary>
/// <param name="Snapshot">The objects that count.</param>
/// <param name="Diagnostics">What was refused or is worth knowing.</param>
internal sealed record ClusterSource(ClusterSnapshot Snapshot, ImmutableArray<Diagnostic> Diagnostics)
{
    /// <summary>
    /// What the agents of a running `palisade up` have learned of the names that policies mention, by node; empty where
    /// nobody could be asked.
    /// </summary>
    public ImmutableDictionary<string, ImmutableArray<DomainName>> Learned { get; init; } =
        ImmutableDictionary<string, ImmutableArray<DomainName>>.Empty;

    /// <summary>The NetworkPolicies in manifests that no answer counts.</summary>
    public ImmutableArray<ManifestDocument> RefusedPolicies { get; init; } = [];

    /// <summary>Whether something was refused, so that answers are given without it.</summary>
    public bool HasErrors => Diagnostics.Any(d => d.Severity == Severity.Error);

    /// <summary>Reads the manifests of -f, or else the cluster of the kubeconfig.</summary>
    public static async Task<ClusterSource> ReadAsync(
        ParseResult parsed, SourceOptions options, CancellationToken cancel)
    {
        if (parsed.GetValue(options.Files) is { Length: > 0 } files)
        {
            var set = ManifestSet.Load(files);
            var policies = set.Refused.Where(document => document.IsNetworkPolicy);
            return new(set.Snapshot, set.Diagnostics) { RefusedPolicies = [.. policies] };
        }

        using var client = Connect(parsed, options);
        return await ReadAsync(client, cancel);
    }

    /// <summary>A client of the cluster that the options name.</summary>
    public static KubeClient Connect(ParseResult parsed, SourceOptions options)
    {
        var path = parsed.GetValue(options.Kubeconfig);
        if (path is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG"))
            && !File.Exists(Path.Combine(Home(), ".kube", "config")))
        {
            path = LabKubeconfig();
            if (!File.Exists(path))
            {
                throw new WorldFailedException(
                    "no cluster to ask: give manifests with -f, start one with `palisade up`, or name a kubeconfig with --kubeconfig");
            }
        }

        try
        {
            return KubeClient.FromKubeconfig(path, parsed.GetValue(options.Context));
        }
        catch (InvalidDataException bad)
        {
            throw new BadInputException(bad.Message);
        }
    }

    /// <summary>
    /// The cluster as a node sees it: with the names that its own pods have asked for. Null: nobody's.
    /// </summary>
    public ClusterSnapshot SnapshotOn(string? node) =>
        node is not null && Learned.TryGetValue(node, out var names) ? Snapshot with { DomainNames = names } : Snapshot;

    /// <summary>
    /// Prints every diagnostic, then, if there are errors, what that means for the answer.
    /// </summary>
    public void Report(TextWriter error)
    {
        foreach (var diagnostic in Diagnostics)
            error.WriteLine(diagnostic);
        var refused = Diagnostics.Count(d => d.Severity == Severity.Error);
        if (refused > 0)
        {
            var errors = refused == 1 ? "1 error" : $"{refused} errors";
            error.WriteLine($"palisade: {errors} above; the answer leaves out what could not be read");
        }
    }

    /// <summary>Reads everything policies judge from a cluster.</summary>
    public static async Task<ClusterSource> ReadAsync(KubeClient client, CancellationToken cancel)
    {
        var diagnostics = new List<Diagnostic>();
        var pods = await ListAsync(client, KubeResource.Pods, cancel);
        var policies = await ListAsync(client, KubeResource.NetworkPolicies, cancel);
        var namespaces = await ListAsync(client, KubeResource.Namespaces, cancel);
        var nodes = await ListAsync(client, KubeResource.Nodes, cancel);
        var services = await ListAsync(client, KubeResource.Services, cancel);
        var clusterPolicies = await ListIfServedAsync(client, ApiKinds.ClusterNetworkPolicy, cancel);
        var snapshot = ClusterSnapshot.Of(
            namespaces.Select(ClusterConvert.Namespace).OfType<Namespace>(),
            pods.Select(pod => ClusterConvert.Pod(pod)).OfType<Endpoint>(),
            policies.Select(policy => ClusterConvert.NetworkPolicy(policy, null, diagnostics)).OfType<NetworkPolicy>(),
            services.Select(ClusterConvert.Service).OfType<Service>(),
            nodes.Select(ClusterConvert.Node).OfType<Node>(),
            clusterPolicies.Select(policy => ClusterConvert.ClusterNetworkPolicy(
                policy, ApiKinds.ClusterNetworkPolicy, null, diagnostics)).OfType<ClusterNetworkPolicy>());
        return new(snapshot, [.. diagnostics])
        {
            Learned = snapshot.ClusterNetworkPolicies.Any(policy => policy.MentionedNames.Any())
                ? await LearnedAsync(client, cancel) : ImmutableDictionary<string, ImmutableArray<DomainName>>.Empty,
        };
    }

    private static async Task<ImmutableDictionary<string, ImmutableArray<DomainName>>> LearnedAsync(
        KubeClient client, CancellationToken cancel)
    {
        try
        {
            var nodes = await client.SendAsync(HttpMethod.Get, NameService.Path, null, cancel);
            return nodes.ToImmutableDictionary(node => node.Key, node => Names(node.Value));
        }
        catch (KubeApiException e) when (e.IsNotFound || e.Code == HttpStatusCode.Forbidden)
        {
            // No cluster of `palisade up`: its agents keep to themselves what they know.
            return ImmutableDictionary<string, ImmutableArray<DomainName>>.Empty;
        }
    }

    private static ImmutableArray<DomainName> Names(JsonNode? known) => ClusterSnapshot.Of(
        domainNames: (known?.AsArray() ?? []).Select(name => new DomainName(
            (string)name!["name"]!,
            [.. name["addresses"]!.AsArray().Select(address => Address.Parse((string)address!))]))).DomainNames;

    /// <summary>All objects of a kind that a cluster may or may not have.</summary>
    private static async Task<List<WireObject>> ListIfServedAsync(
        KubeClient client, KindSchema kind, CancellationToken cancel)
    {
        try
        {
            return await ListAsync(client, new(kind.Group, kind.Version, kind.Plural, kind.Namespaced), cancel);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return [];
        }
    }

    /// <summary>All objects of a resource, page by page.</summary>
    private static async Task<List<WireObject>> ListAsync(
        KubeClient client, KubeResource resource, CancellationToken cancel)
    {
        var objects = new List<WireObject>();
        var next = "";
        do
        {
            var page = await client.SendAsync(
                HttpMethod.Get, $"{resource.Collection()}?limit=500{next}", null, cancel);
            foreach (var item in page["items"]?.AsArray() ?? [])
                objects.Add((WireObject)WireJson.FromNode(item));
            var token = page["metadata"]?["continue"]?.GetValue<string>();
            next = string.IsNullOrEmpty(token) ? "" : $"&continue={Uri.EscapeDataString(token)}";
        }
        while (next.Length > 0);
        return objects;
    }

    private static string Home() => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>Where `palisade up` writes its kubeconfig unless told otherwise.</summary>
    private static string LabKubeconfig() => Path.Combine(Commands.UpCommand.DefaultDirectory(), "kubeconfig");
}
