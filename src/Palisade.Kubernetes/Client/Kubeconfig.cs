using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;
using k8s.KubeConfigModels;

namespace Palisade.Kubernetes.Client;

/// <summary>
/// Which kubeconfig files count, and what they say together, as kubectl decides it (client-go clientcmd loader.go):
/// one named file alone; else all of $KUBECONFIG, of which those that do not exist are left out; else ~/.kube/config.
/// Of several files the first that defines a name wins, and relative paths are relative to the file they stand in.
/// </summary>
internal static class Kubeconfig
{
    private const string Variable = "KUBECONFIG";
    private const string NoKubeconfig = "it is no kubeconfig, which has clusters, users and contexts";
    private const string WayOut = "mend it, or name another with --kubeconfig or $KUBECONFIG";

    /// <summary>What the named file, or else the environment, says about a context (null: the current one).</summary>
    /// <exception cref="InvalidDataException">The message names the file, what is wrong, and what to do.</exception>
    public static KubernetesClientConfiguration Read(string? path, string? context)
    {
        var listed = Environment.GetEnvironmentVariable(Variable) ?? "";
        if (path is null && context is null && listed.Length == 0 && KubernetesClientConfiguration.IsInCluster())
            return Try("the pod's service account", KubernetesClientConfiguration.InClusterConfig);
        var files = Files(path, listed);
        var name = string.Join(Path.PathSeparator, files);
        var (merged, chosen) = Try($"kubeconfig {name}", () =>
        {
            var all = Merge(files.Select(Load));
            return (all, Choose(all, name, context));
        });
        return Try($"kubeconfig {name}, context {chosen}",
            () => KubernetesClientConfiguration.BuildConfigFromConfigObject(merged, chosen));
    }

    /// <summary>The client's own certificate with its key; null when it has none.</summary>
    public static X509Certificate2? ClientCertificate(KubernetesClientConfiguration configuration)
    {
        var certificate = Pem(configuration.ClientCertificateData, configuration.ClientCertificateFilePath);
        var key = Pem(configuration.ClientCertificateKeyData, configuration.ClientKeyFilePath);
        return certificate is null || key is null ? null : X509Certificate2.CreateFromPem(certificate, key);

        static string? Pem(string? base64, string? path) =>
            !string.IsNullOrEmpty(base64) ? Encoding.UTF8.GetString(System.Convert.FromBase64String(base64))
            : !string.IsNullOrEmpty(path) ? File.ReadAllText(path)
            : null;
    }

    private static List<string> Files(string? path, string listed)
    {
        var named = path is not null ? [path]
            : listed.Length > 0 ? listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            : [KubernetesClientConfiguration.KubeConfigDefaultLocation];
        var files = named.Distinct(StringComparer.Ordinal).Where(File.Exists).ToList();
        if (files.Count > 0)
            return files;
        var source = path is null && listed.Length > 0 ? "$KUBECONFIG: " : "kubeconfig ";
        var missing = named.Length == 1 && Directory.Exists(named[0]) ? "is a directory" : "no such file";
        throw new InvalidDataException(
            $"{source}{string.Join(Path.PathSeparator, named)}: {missing};"
            + " name another with --kubeconfig or $KUBECONFIG");
    }

    private static K8SConfiguration Load(string file)
    {
        // An empty file says nothing; kubectl takes it too, and the library stumbles over it.
        var config = new FileInfo(file).Length == 0
            ? new()
            : Try($"kubeconfig {file}", () => KubernetesClientConfiguration.LoadKubeConfig(new FileInfo(file)));
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        foreach (var cluster in config.Clusters ?? [])
        {
            if (cluster.ClusterEndpoint is { } endpoint)
                endpoint.CertificateAuthority = Absolute(folder, endpoint.CertificateAuthority);
        }

        foreach (var user in config.Users ?? [])
        {
            if (user.UserCredentials is not { } credentials)
                continue;
            credentials.ClientCertificate = Absolute(folder, credentials.ClientCertificate);
            credentials.ClientKey = Absolute(folder, credentials.ClientKey);
            // A bare program name is looked for on the PATH; only one with a slash is a path.
            if (credentials.ExternalExecution is { Command: { } command } program && command.Contains('/'))
                program.Command = Absolute(folder, command);
        }

        return config;
    }

    private static string? Absolute(string folder, string? path) =>
        string.IsNullOrEmpty(path) ? path : Path.Combine(folder, path);

    private static K8SConfiguration Merge(IEnumerable<K8SConfiguration> files)
    {
        var all = files.ToList();
        return new()
        {
            CurrentContext = all.Select(one => one.CurrentContext).FirstOrDefault(one => !string.IsNullOrEmpty(one)),
            Contexts = all.SelectMany(one => one.Contexts ?? []).DistinctBy(one => one.Name).ToList(),
            Clusters = all.SelectMany(one => one.Clusters ?? []).DistinctBy(one => one.Name).ToList(),
            Users = all.SelectMany(one => one.Users ?? []).DistinctBy(one => one.Name).ToList(),
        };
    }

    private static string Choose(K8SConfiguration config, string name, string? context)
    {
        var contexts = config.Contexts.Select(one => one.Name ?? "").ToList();
        var chosen = context ?? config.CurrentContext;
        if (contexts.Count == 0)
            throw new InvalidDataException($"kubeconfig {name}: it has no contexts, so it names no cluster; {WayOut}");
        var there = string.Join(", ", contexts);
        if (string.IsNullOrEmpty(chosen))
            throw new InvalidDataException(
                $"kubeconfig {name}: no current-context; choose one with --context: {there}");
        if (!contexts.Contains(chosen))
            throw new InvalidDataException($"kubeconfig {name}: no context {chosen}; there is {there}");
        var wanted = config.Contexts.First(one => one.Name == chosen).ContextDetails;
        if (config.Clusters.All(one => one.Name != wanted?.Cluster))
            throw new InvalidDataException(
                $"kubeconfig {name}: context {chosen} names cluster '{wanted?.Cluster}', which is not defined;"
                + $" {WayOut}");
        if (config.Users.All(one => one.Name != wanted?.User))
            throw new InvalidDataException(
                $"kubeconfig {name}: context {chosen} names user '{wanted?.User}', which is not defined;"
                + $" {WayOut}");
        return chosen;
    }

    /// <summary>
    /// The client library throws its own, YamlDotNet's, I/O and cryptographic exceptions; for the caller all are one.
    /// </summary>
    private static T Try<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InvalidDataException))
        {
            throw new InvalidDataException($"{what}: {Reason(e)}; {WayOut}", e);
        }
    }

    /// <summary>
    /// The innermost exception says what was met, the innermost of YAML where; the others only repeat it.
    /// </summary>
    private static string Reason(Exception e)
    {
        var (inner, place) = (e, "");
        for (Exception? next = e; next is not null; next = next.InnerException)
        {
            inner = next;
            if (next is YamlDotNet.Core.YamlException { Start: { Line: > 0 } at })
                place = $"line {at.Line}, column {at.Column}: ";
        }

        var text = inner switch
        {
            UnauthorizedAccessException => "no permission to read it",
            FormatException => "a certificate or key in it is not base64",
            System.Security.Cryptography.CryptographicException => $"a certificate or key in it: {inner.Message}",
            NullReferenceException or InvalidCastException => NoKubeconfig,
            // The library's type names mean nothing to the reader.
            YamlDotNet.Core.YamlException when inner.Message.Contains("K8SConfiguration", StringComparison.Ordinal) =>
                NoKubeconfig,
            _ => inner.Message,
        };
        return place + text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
    }
}
