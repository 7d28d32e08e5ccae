{{- define "doorbuster.labels" -}}
app.kubernetes.io/name: doorbuster
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "doorbuster.marks" -}}
{{ include "doorbuster.labels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "doorbuster.secret" -}}
{{ .Values.secret.existing | default .Release.Name }}
{{- end }}

{{- define "doorbuster.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "doorbuster.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* A pod of one role, or of all. Changed settings and secrets start new pods. */}}
{{- define "doorbuster.pod" -}}
metadata:
  labels:
    {{- include "doorbuster.labels" . | nindent 4 }}
  annotations:
    checksum/settings: {{ toJson .root.Values.settings | sha256sum }}
    checksum/secret: {{ toJson .root.Values.secret.values | sha256sum }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- if ne .role "shop" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "doorbuster.labels" . | nindent 10 }}
  {{- end }}
  containers:
    - name: doorbuster
      image: {{ include "doorbuster.image" .root | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [serve{{ if ne .role "shop" }}, --roles, {{ .role }}{{ end }}]
      ports:
        - { name: http, containerPort: 8080 }
      env:
        - { name: DOORBUSTER__LOG__FORMAT, value: json }
        - { name: DOORBUSTER__SERVER__LISTEN, value: "0.0.0.0:8080" }
        - { name: DOORBUSTER__SERVER__DATA_DIR, value: /shop/data }
      envFrom:
        - configMapRef: { name: {{ .root.Release.Name }}-settings }
        - secretRef: { name: {{ include "doorbuster.secret" .root }} }
      # Opening a large store, and checking it, takes longer than a probe may fail later.
      startupProbe:
        httpGet: { path: /startupz, port: http }
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
        timeoutSeconds: 3
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 3
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        preStop:
          exec: { command: [sleep, {{ .root.Values.drainSeconds | quote }}] }
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        {{- include "doorbuster.security" . | nindent 8 }}
      # Not at the image's own volume, and the data folder is below: so the volume's root keeps the mode that fsGroup gives it,
      # and Kubernetes does not open the files of the folder to the group again.
      volumeMounts:
        - { name: data, mountPath: /shop }
        - { name: tmp, mountPath: /tmp }
  volumes:
    - name: tmp
      emptyDir: {}
    {{- if ne .role "shop" }}
    # Its lock, and nothing to keep.
    - name: data
      emptyDir: {}
    {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
