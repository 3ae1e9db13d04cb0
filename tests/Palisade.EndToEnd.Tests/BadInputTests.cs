using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What kubectl sends and the API refuses changes nothing that is enforced.</summary>
public sealed class BadInputTests
{
    private static readonly string[] Bad =
    [
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: allow-web, namespace: dev-team }
        spec: { podSelector: {}, ingress: [ { ports: [ { port: 0 } ] } ] }
        """,
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: allow-web, namespace: dev-team }
        spec: { podSelector: {}, ingress: [ { from: [ { } ] } ] }
        """,
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: allow-web, namespace: dev-team }
        spec: { podSelector: {}, ingress: "everything" }
        """,
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: allow-web, namespace: dev-team }
        spec: { podSelector: { matchLabels: { app: true } } }
        """,
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: allow-web, namespace: dev-team\n",
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkWall
        metadata: { name: allow-web, namespace: dev-team }
        """,
    ];

    [Fact]
    public async Task Refused_manifests_leave_enforcement_as_it_was()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        foreach (var manifest in Bad)
        {
            var ran = await up.TryKubectlAsync(manifest, ["apply", "-f", "-"]);
            Assert.True(ran.Code == 1, $"{manifest}\n{ran}");
            var answers = await up.ConnectAsync(
                [new("dev-team/frontend", "dev-team/web"),
                    new("dev-team/stranger", "dev-team/web", TimeoutMilliseconds: 300)]);
            Assert.Equal(["HTTP 200 web", "timeout"], answers.Select(answer => answer.Answer));
        }

        Assert.Equal(
            "allow-web", await up.KubectlAsync("get", "netpol", "-A", "-o", "jsonpath={.items[*].metadata.name}"));
    }
}
