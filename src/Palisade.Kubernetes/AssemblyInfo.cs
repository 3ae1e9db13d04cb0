using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Palisade.Kubernetes.Tests")]
